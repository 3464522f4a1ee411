/** Parses the signature of a request, in its query or its `Authorization` header, without verifying it. */
import { AwsError } from "../errors.js";
import {
  type CredentialScope,
  formatAmzDate,
  parseAmzDate,
  parseCredential,
  type QueryPairs,
  queryPairs,
  SIGV4_ALGORITHM,
  type SignedRequest,
} from "./sigv4.js";

/** S3 API Reference, X-Amz-Expires: 1 second to 7 days. */
const PRESIGNED_MAX_SECONDS = 604_800;

export type SignatureKind = "none" | "header" | "presigned" | "unsupported";

/** Returns how a request is signed; `unsupported` is Signature Version 2 or another `Authorization` scheme. */
export function detectSignature(request: SignedRequest): SignatureKind {
  const query = queryPairs(request.url ?? "");
  const authorization = request.headers.authorization;
  if (query.some(([name]) => PRESIGNED_NAMES.has(name))) return "presigned";
  if (query.some(([name]) => name === "AWSAccessKeyId")) return "unsupported";
  if (authorization === undefined) return "none";
  return authorization.startsWith(SIGV4_ALGORITHM) ? "header" : "unsupported";
}

const PRESIGNED_NAMES: ReadonlySet<string> = new Set([
  "X-Amz-Algorithm",
  "X-Amz-Credential",
  "X-Amz-Date",
  "X-Amz-Expires",
  "X-Amz-SignedHeaders",
  "X-Amz-Signature",
]);

/** A request's signature with its parameters, parsed but not verified. */
export interface SignatureClaim {
  scope: CredentialScope;
  amzDate: string;
  signedAtMs: number;
  /** Present only for a presigned URL. */
  expiresInSeconds?: number;
  signedHeaders: readonly string[];
  signature: string;
}

export function readPresignedClaim(query: QueryPairs): SignatureClaim {
  const malformed = (message: string) => new AwsError("AuthorizationQueryParametersError", 400, message);
  for (const name of PRESIGNED_NAMES) {
    if (query.filter(([each, value]) => each === name && value !== "").length === 1) continue;
    throw malformed(
      "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
    );
  }
  if (firstValue(query, "X-Amz-Algorithm") !== SIGV4_ALGORITHM) {
    throw malformed(`X-Amz-Algorithm only supports "${SIGV4_ALGORITHM}"`);
  }
  const scope = parseCredential(firstValue(query, "X-Amz-Credential"));
  if (scope === undefined) {
    throw malformed(
      'Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    );
  }
  const amzDate = firstValue(query, "X-Amz-Date");
  const signedAtMs = parseAmzDate(amzDate);
  if (signedAtMs === undefined) {
    throw malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  }
  if (!amzDate.startsWith(scope.date)) {
    throw malformed(
      `Invalid credential date "${scope.date}". This date is not the same as X-Amz-Date: "${amzDate}".`,
    );
  }
  const expires = firstValue(query, "X-Amz-Expires");
  if (!/^-?\d+$/.test(expires)) throw malformed("X-Amz-Expires should be a number");
  const expiresInSeconds = Number(expires);
  if (expiresInSeconds < 1) throw malformed("X-Amz-Expires must be non-negative");
  if (expiresInSeconds > PRESIGNED_MAX_SECONDS) {
    throw malformed("X-Amz-Expires must be less than a week (in seconds); that is, at most 604800");
  }
  return {
    scope,
    amzDate,
    signedAtMs,
    expiresInSeconds,
    signedHeaders: firstValue(query, "X-Amz-SignedHeaders").toLowerCase().split(";"),
    signature: firstValue(query, "X-Amz-Signature"),
  };
}

export function readHeaderClaim(request: SignedRequest): SignatureClaim {
  const authorization = request.headers.authorization ?? "";
  const field = (name: string) => new RegExp(`\\b${name}=([^,\\s]+)`).exec(authorization)?.[1];
  const scope = parseCredential(field("Credential") ?? "");
  const signedHeaders = field("SignedHeaders");
  const signature = field("Signature");
  const malformed = (message: string) =>
    scope === undefined || scope.service === "s3"
      ? new AwsError("AuthorizationHeaderMalformed", 400, `The authorization header is malformed; ${message}`)
      : new AwsError(
          "IncompleteSignatureException",
          403,
          `The authorization header is malformed; ${message}`,
        );
  if (scope === undefined) {
    throw malformed(
      'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    );
  }
  if (signedHeaders === undefined || signature === undefined) {
    throw malformed("Credential, SignedHeaders and Signature are required.");
  }
  const sent = canonicalHeader(request, "x-amz-date") ?? "";
  const signedAtMs = parseAmzDate(sent) ?? Date.parse(canonicalHeader(request, "date") ?? "");
  if (Number.isNaN(signedAtMs)) throw malformed("a valid X-Amz-Date or Date header is required.");
  const amzDate = formatAmzDate(signedAtMs);
  if (!amzDate.startsWith(scope.date)) {
    throw malformed(
      `Invalid credential date "${scope.date}". This date is not the same as X-Amz-Date: "${amzDate}".`,
    );
  }
  return { scope, amzDate, signedAtMs, signedHeaders: signedHeaders.toLowerCase().split(";"), signature };
}

/**
 * Returns a header in its signed form: values are trimmed and joined by commas, and runs of spaces become one space.
 */
export function canonicalHeader(request: SignedRequest, name: string): string | undefined {
  const values: string[] = [];
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    if (request.rawHeaders[i]?.toLowerCase() !== name) continue;
    values.push((request.rawHeaders[i + 1] ?? "").trim().replace(/ +/g, " "));
  }
  return values.length === 0 ? undefined : values.join(",");
}

export function firstValue(query: QueryPairs, name: string): string {
  return query.find(([each]) => each === name)?.[1] ?? "";
}
