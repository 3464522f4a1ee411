import { type ErrorCode, FotaError, isFotaError, messageOf } from "@fota/shared";
import { wallClockMs } from "../wall-clock.js";
import {
  aheadSeconds,
  formatSkew,
  parseHttpDate,
  SET_CLOCK,
  SKEW_FAIL_SECONDS,
  SKEW_WARN_SECONDS,
} from "./clock.js";
import { explainUnreachable, unreachableCodeOf } from "./unreachable.js";

/** Describes a request to AWS, for the message when it fails. */
export interface AwsCall {
  /** Completes "cannot <doing>". */
  doing: string;
  /** Names the IAM action that the request needs, such as `iot:CreateJob`. */
  action: string;
  /** The configured endpoint; `undefined` for AWS's own. */
  endpoint: string | undefined;
}

const CODE_OF_NAME: Readonly<Record<string, ErrorCode>> = {
  AccessDenied: "ACCESS_DENIED",
  AccessDeniedException: "ACCESS_DENIED",
  Forbidden: "ACCESS_DENIED",
  UnauthorizedException: "ACCESS_DENIED",
  CredentialsProviderError: "NO_CREDENTIALS",
  TokenProviderError: "NO_CREDENTIALS",
  ExpiredToken: "CREDENTIALS_REFUSED",
  ExpiredTokenException: "CREDENTIALS_REFUSED",
  InvalidAccessKeyId: "CREDENTIALS_REFUSED",
  InvalidClientTokenId: "CREDENTIALS_REFUSED",
  InvalidSignatureException: "CREDENTIALS_REFUSED",
  InvalidToken: "CREDENTIALS_REFUSED",
  MissingAuthenticationTokenException: "CREDENTIALS_REFUSED",
  RequestExpired: "CREDENTIALS_REFUSED",
  RequestTimeTooSkewed: "CREDENTIALS_REFUSED",
  SignatureDoesNotMatch: "CREDENTIALS_REFUSED",
  UnrecognizedClientException: "CREDENTIALS_REFUSED",
  LimitExceededException: "THROTTLED",
  RequestThrottled: "THROTTLED",
  SlowDown: "THROTTLED",
  ThrottlingException: "THROTTLED",
  TooManyRequestsException: "THROTTLED",
  TimeoutError: "ENDPOINT_UNREACHABLE",
};

/** A wrong clock is one possible reason for these errors. */
const OF_SIGNATURE = new Set([
  "InvalidSignatureException",
  "RequestExpired",
  "RequestTimeTooSkewed",
  "SignatureDoesNotMatch",
]);

/**
 * Translates an AWS error into a `FotaError` by its name, never by its message text. Returns a `FotaError` unchanged.
 */
export function translateAwsError(error: unknown, call: AwsCall): FotaError {
  if (isFotaError(error)) return error;
  const code = codeOfAwsError(error);
  if (code === "INTERRUPTED") return new FotaError(code, "interrupted", { cause: error });
  if (httpStatusOf(error) === 407) {
    const hint = "set HTTP_PROXY to http://user:password@host:port, or add the host to NO_PROXY";
    const message = `cannot ${call.doing}: the proxy refuses without valid credentials (HTTP 407)`;
    return new FotaError("ENDPOINT_UNREACHABLE", message, { hint, cause: error });
  }
  if (code === "ENDPOINT_UNREACHABLE") {
    const { message, hint } = explainUnreachable(error, call.endpoint);
    return new FotaError(code, `cannot ${call.doing}: ${message}`, { hint, cause: error });
  }
  const skew = skewIn(error, code);
  const at = call.endpoint === undefined ? "" : ` at ${call.endpoint}`;
  const clock = skew === undefined ? "" : `; ${formatSkew(skew)}`;
  const message = `cannot ${call.doing}${at}: ${explain(error, code)}${clock}`;
  if (skew !== undefined) {
    return new FotaError("CREDENTIALS_REFUSED", message, { hint: SET_CLOCK, cause: error });
  }
  const hint = hintFor(code, error, call);
  return new FotaError(code, message, { ...(hint !== undefined && { hint }), cause: error });
}

/** Returns how many seconds this machine is ahead of the service, if that is why the service refuses. */
function skewIn(error: unknown, code: ErrorCode): number | undefined {
  if (code !== "CREDENTIALS_REFUSED" && code !== "ACCESS_DENIED") return undefined;
  const time = serverTimeIn(error);
  const now = wallClockMs();
  const ahead = time === undefined ? 0 : aheadSeconds(time, now, now);
  return Math.abs(ahead) >= (OF_SIGNATURE.has(nameOf(error)) ? SKEW_WARN_SECONDS : SKEW_FAIL_SECONDS)
    ? ahead
    : undefined;
}

/** Returns the time that the service named in its answer. */
export function serverTimeIn(error: unknown): Date | undefined {
  const date = property(property(property(error, "$response"), "headers"), "date");
  return typeof date === "string" ? parseHttpDate(date) : undefined;
}

/** Returns the HTTP status of the answer that an error of the SDK came from. */
export function httpStatusOf(error: unknown): number | undefined {
  const metadata = property(error, "$metadata");
  const status = property(metadata, "httpStatusCode");
  return typeof status === "number" ? status : undefined;
}

/** Returns a handler for `catch` that takes AWS's error of that name for "there is none", or "it is done already". */
export function absentIf(name: string): (error: unknown) => undefined {
  return (error) => {
    if (nameOf(error) !== name) throw error;
  };
}

export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

/** Classifies a failure by its name and code, never by its message text. */
export function codeOfAwsError(error: unknown): ErrorCode {
  const name = nameOf(error);
  if (name === "AbortError") return "INTERRUPTED";
  const known = CODE_OF_NAME[name];
  if (known !== undefined) return known;
  if (unreachableCodeOf(error) !== undefined) return "ENDPOINT_UNREACHABLE";
  const status = httpStatusOf(error);
  if (status === 403) return "ACCESS_DENIED"; // answers to HEAD have no body and so no error name
  if (status === 429 || status === 503) return "THROTTLED";
  return "AWS_ERROR";
}

function explain(error: unknown, code: ErrorCode): string {
  if (code === "NO_CREDENTIALS") return `there are no AWS credentials: ${messageOf(error).split("\n")[0]}`;
  const name = nameOf(error);
  const text = messageOf(error).split("\n")[0] ?? "";
  // Answers to HEAD have no body with an explanation.
  if (text === "" || text === "UnknownError") {
    return code === "ACCESS_DENIED" ? "access denied" : `HTTP ${httpStatusOf(error) ?? "error"}`;
  }
  return name === "" || name === "Error" || text.startsWith(name) ? text : `${name}: ${text}`;
}

function hintFor(code: ErrorCode, error: unknown, call: AwsCall): string | undefined {
  switch (code) {
    case "ACCESS_DENIED":
      return `the credentials in use need ${call.action}`;
    case "NO_CREDENTIALS":
      return "log in (`aws sso login`), name a profile with --profile, or use --local with `fota local`";
    case "CREDENTIALS_REFUSED":
      return hintForRefused(nameOf(error));
    case "THROTTLED":
      return "wait a little and run the same command again";
    default:
      return undefined;
  }
}

function hintForRefused(name: string): string {
  if (/^ExpiredToken/.test(name)) {
    return "the session token has expired: log in again, such as `aws sso login`, or set fresh AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; a wrong clock looks the same";
  }
  if (name === "InvalidAccessKeyId" || name === "InvalidClientTokenId" || /^UnrecognizedClient/.test(name)) {
    return "check the access key: it was deleted, is of another partition, or lacks its AWS_SESSION_TOKEN";
  }
  return "check that the credentials are current and this machine's clock is right";
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
