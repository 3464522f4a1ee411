import { type ErrorCode, FotaError, messageOf } from "@fota/shared";

/** What was asked of AWS: named in the message when it goes wrong. */
export interface AwsCall {
  /** As in "cannot <doing>". */
  doing: string;
  /** The IAM action that it takes, such as `iot:CreateJob`. */
  action: string;
  /** Where it was asked, if not at AWS itself. */
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

/** Codes of Node that mean: no answer came. TLS errors are told by their prefixes. */
const UNREACHABLE =
  /^(E(CONN|HOST|NET|PIPE|TIMEDOUT|NOTFOUND|AI_AGAIN|PROTO)|CERT_|ERR_(TLS|SSL)|.*_CERT|UNABLE_TO_)/;

/**
 * AWS's errors in our words, by their names and never by message text. Errors that are ours already pass through.
 */
export function translateAwsError(error: unknown, call: AwsCall): FotaError {
  if (error instanceof FotaError) return error;
  const code = codeOf(error);
  if (code === "INTERRUPTED") return new FotaError(code, "interrupted", { cause: error });
  const at = call.endpoint === undefined ? "" : ` at ${call.endpoint}`;
  const message = `cannot ${call.doing}${at}: ${explain(error, code)}`;
  const hint = hintFor(code, call);
  return new FotaError(code, message, { ...(hint !== undefined && { hint }), cause: error });
}

/** Status of the HTTP answer that an error of the SDK came from. */
export function httpStatusOf(error: unknown): number | undefined {
  const metadata = property(error, "$metadata");
  const status = property(metadata, "httpStatusCode");
  return typeof status === "number" ? status : undefined;
}

export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

function codeOf(error: unknown): ErrorCode {
  const name = nameOf(error);
  if (name === "AbortError") return "INTERRUPTED";
  const known = CODE_OF_NAME[name];
  if (known !== undefined) return known;
  if (nodeCodesOf(error).some((code) => UNREACHABLE.test(code))) return "ENDPOINT_UNREACHABLE";
  const status = httpStatusOf(error);
  if (status === 403) return "ACCESS_DENIED"; // HEAD answers have no body, so no name
  if (status === 429 || status === 503) return "THROTTLED";
  return "AWS_ERROR";
}

function explain(error: unknown, code: ErrorCode): string {
  if (code === "ENDPOINT_UNREACHABLE") return nodeCodesOf(error)[0] ?? "no answer in time";
  if (code === "NO_CREDENTIALS") return "no AWS credentials that work were found";
  const name = nameOf(error);
  const text = messageOf(error).split("\n")[0] ?? "";
  // HEAD answers have no body to say more.
  if (text === "" || text === "UnknownError") {
    return code === "ACCESS_DENIED" ? "access denied" : `HTTP ${httpStatusOf(error) ?? "error"}`;
  }
  return name === "" || name === "Error" || text.startsWith(name) ? text : `${name}: ${text}`;
}

function hintFor(code: ErrorCode, call: AwsCall): string | undefined {
  switch (code) {
    case "ACCESS_DENIED":
      return `the credentials in use need ${call.action}`;
    case "NO_CREDENTIALS":
      return "log in (`aws sso login`), name a profile with --profile, or use --local with `fota local`";
    case "CREDENTIALS_REFUSED":
      return "check that the credentials are current and this machine's clock is right";
    case "ENDPOINT_UNREACHABLE":
      return call.endpoint === undefined
        ? "check the network and the region"
        : "check that it runs, and AWS_ENDPOINT_URL or --endpoint-url";
    case "THROTTLED":
      return "wait a little and run the same command again";
    default:
      return undefined;
  }
}

/** Codes of Node's errors, also of those inside an AggregateError: Node tries each address of a name. */
function nodeCodesOf(error: unknown): string[] {
  const own = property(error, "code");
  const inner = property(error, "errors");
  const codes = Array.isArray(inner) ? inner.flatMap(nodeCodesOf) : [];
  return typeof own === "string" ? [own, ...codes] : codes;
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
