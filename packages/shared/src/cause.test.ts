import { inspect } from "node:util";
import { expect, test } from "vitest";
import { FotaError } from "./errors.js";

const SECRET = "FwoGZXIvYXdzEXAMPLETOKEN";

/** As the AWS SDK throws it: with the answer, the request behind it and the socket. */
function errorOfSdk(): Error {
  const headers = { authorization: `AWS4-HMAC-SHA256 ${SECRET}`, "x-amz-security-token": SECRET };
  return Object.assign(new Error("not allowed"), {
    name: "AccessDeniedException",
    $fault: "client",
    $response: { statusCode: 403, headers, body: { req: { headers } } },
    $metadata: { httpStatusCode: 403, requestId: "7c1b", cfId: SECRET },
  });
}

function everythingIn(error: unknown): string {
  const json = JSON.stringify(error, (_key, value: unknown) =>
    value instanceof Error
      ? Object.fromEntries(Object.getOwnPropertyNames(value).map((key) => [key, Reflect.get(value, key)]))
      : value,
  );
  return inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true }) + json;
}

test("the cause of an error holds name, message, status and request id, and nothing of the request", () => {
  const error = new FotaError("ACCESS_DENIED", "cannot create job a", { cause: errorOfSdk() });
  expect(error.cause).toMatchObject({
    name: "AccessDeniedException",
    message: "not allowed",
    status: 403,
    requestId: "7c1b",
  });
  expect(error.cause).toBeInstanceOf(Error);
  expect(everythingIn(error)).not.toContain(SECRET);
  expect(everythingIn(error)).not.toContain("$response");
});

test.each([
  ["behind another error", () => new Error("outer", { cause: errorOfSdk() })],
  ["in an AggregateError", () => new AggregateError([errorOfSdk(), errorOfSdk()], "all failed")],
  ["in a cause of ours", () => new FotaError("AWS_ERROR", "inner", { cause: errorOfSdk() })],
  ["in something that is no error", () => ({ headers: { authorization: SECRET } })],
  [
    "in a cycle",
    () => {
      const error = errorOfSdk();
      error.cause = error;
      return error;
    },
  ],
] as const)("nothing of the request is kept %s", (_where, make) => {
  const error = new FotaError("AWS_ERROR", "it failed", { cause: make() });
  expect(everythingIn(error)).not.toContain(SECRET);
});

test("the errors that Node met at each address of a name are kept", () => {
  const refused = (port: number) =>
    Object.assign(new Error(`connect ECONNREFUSED ::1:${port}`), { code: "ECONNREFUSED" });
  const { cause } = new FotaError("ENDPOINT_UNREACHABLE", "no", {
    cause: new AggregateError([refused(1), refused(2)]),
  });
  expect(cause).toMatchObject({ errors: [{ code: "ECONNREFUSED" }, { code: "ECONNREFUSED" }] });
});

test("a stack begins with the name of the class, also where a bundler shortened it", () => {
  const error = new FotaError("AWS_ERROR", "it failed");
  expect(error.stack).toMatch(/^FotaError: it failed\n/);
  expect(inspect(error)).toMatch(/^FotaError: it failed\n/);
  expect(FotaError.name).toBe("FotaError");
});
