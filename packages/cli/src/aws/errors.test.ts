import { FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import { translateAwsError } from "./errors.js";

const call = { doing: "create job a", action: "iot:CreateJob", endpoint: undefined };

function named(name: string, message = "what AWS says", more: object = {}): Error {
  return Object.assign(new Error(message), { name, ...more });
}

function answered(httpStatusCode: number): Error {
  return named("UnknownError", "UnknownError", { $metadata: { httpStatusCode } });
}

function refused(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

test.each([
  [named("AccessDeniedException"), "ACCESS_DENIED", /iot:CreateJob/],
  [answered(403), "ACCESS_DENIED", /iot:CreateJob/],
  [named("CredentialsProviderError"), "NO_CREDENTIALS", /--profile/],
  [named("ExpiredTokenException"), "CREDENTIALS_REFUSED", /clock/],
  [named("RequestTimeTooSkewed"), "CREDENTIALS_REFUSED", /clock/],
  [named("ThrottlingException"), "THROTTLED", /again/],
  [answered(503), "THROTTLED", /again/],
  [refused("ECONNREFUSED"), "ENDPOINT_UNREACHABLE", /network/],
  [refused("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "ENDPOINT_UNREACHABLE", /network/],
  [new AggregateError([refused("EHOSTUNREACH")]), "ENDPOINT_UNREACHABLE", /network/],
  [named("TimeoutError"), "ENDPOINT_UNREACHABLE", /network/],
  [named("InvalidRequestException", "the rate is wrong"), "AWS_ERROR", undefined],
] as const)("%s is %s", (error, code, hint) => {
  const translated = translateAwsError(error, call);
  expect(translated).toMatchObject({ code, cause: { name: error.name, message: error.message } });
  expect(translated.message).toMatch(/^cannot create job a: ./);
  if (hint === undefined) expect(translated.hint).toBeUndefined();
  else expect(translated.hint).toMatch(hint);
});

test("an error without a name of ours says all that AWS said, in one line", () => {
  const { message } = translateAwsError(named("InvalidRequestException", "the rate is wrong\nmore"), call);
  expect(message).toBe("cannot create job a: InvalidRequestException: the rate is wrong");
});

test("an interruption is no failure of what was being done", () => {
  expect(translateAwsError(named("AbortError"), call)).toMatchObject({
    code: "INTERRUPTED",
    message: "interrupted",
  });
});

test("an answer without a body is told by its status", () => {
  expect(translateAwsError(answered(500), call).message).toBe("cannot create job a: HTTP 500");
});

test("an endpoint that was given is named", () => {
  const at = { ...call, endpoint: "http://127.0.0.1:9" };
  const { message, hint } = translateAwsError(refused("ECONNREFUSED"), at);
  expect(message).toBe("cannot create job a: 127.0.0.1:9 refuses the connection (ECONNREFUSED)");
  expect(hint).toMatch(/AWS_ENDPOINT_URL/);
});

test("an error of ours passes as it is", () => {
  const error = new FotaError("JOB_EXISTS", "job a exists already");
  expect(translateAwsError(error, call)).toBe(error);
});
