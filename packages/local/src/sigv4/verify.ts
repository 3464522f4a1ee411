/** Verifies Signature Version 4 of requests, in headers and in presigned URLs, with AWS's errors. */
import { timingSafeEqual } from "node:crypto";
import { AwsError } from "../errors.js";
import {
  type CredentialScope,
  type Credentials,
  canonicalRequest,
  formatAmzDate,
  formatScope,
  parseAmzDate,
  parseCredential,
  type QueryPairs,
  queryPairs,
  rawPathOf,
  SIGV4_ALGORITHM,
  type SignedRequest,
  sha256Hex,
  sign,
  signingKey,
  stringToSign,
  UNSIGNED_PAYLOAD,
  uriEncodePath,
} from "./sigv4.js";

/** S3 API Reference, X-Amz-Expires: 1 second to 7 days. */
const PRESIGNED_MAX_SECONDS = 604_800;
/** Largest difference between the clocks of client and server: 15 minutes. */
const MAX_SKEW_MS = 900_000;

export interface VerifyOptions {
  /** The accepted key pairs. A session token is not checked, because the stand-in issues none. */
  credentials: readonly Credentials[];
  nowMs: number;
}

export interface VerifyHeadersOptions extends VerifyOptions {
  /** SHA-256 of the body in hex; for S3, the value of `x-amz-content-sha256`. */
  payloadHash: string;
}

/** A valid signature, with what the signatures of the chunks that follow depend on. */
export interface VerifiedSignature {
  scope: CredentialScope;
  amzDate: string;
  /** Lower-case names. */
  signedHeaders: readonly string[];
  signature: string;
  key: Buffer;
}

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

/**
 * Verifies a presigned URL. Only the start of the request must be before the expiry: a running transfer continues.
 *
 * @throws {AwsError} S3's errors: 400 AuthorizationQueryParametersError or InvalidArgument, 403 AccessDenied,
 * InvalidAccessKeyId or SignatureDoesNotMatch
 */
export function verifyPresigned(request: SignedRequest, options: VerifyOptions): VerifiedSignature {
  if (request.headers.authorization !== undefined) {
    throw new AwsError(
      "InvalidArgument",
      400,
      "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
      { ArgumentName: "Authorization", ArgumentValue: request.headers.authorization },
    );
  }
  const query = queryPairs(request.url ?? "");
  const claim = readPresignedClaim(query);
  const unsigned = unsignedHeaders(request, claim.signedHeaders);
  if (unsigned.length > 0) {
    throw new AwsError(
      "AccessDenied",
      403,
      "There were headers present in the request which were not signed",
      {
        HeadersNotSigned: unsigned.join(", "),
      },
    );
  }
  checkPresignedTime(claim, options.nowMs);
  const payloadHash =
    (claim.signedHeaders.includes("x-amz-content-sha256") &&
      canonicalHeader(request, "x-amz-content-sha256")) ||
    firstValue(query, "X-Amz-Content-Sha256") ||
    (claim.scope.service === "s3" ? UNSIGNED_PAYLOAD : sha256Hex(""));
  const signed = query.filter(([name]) => name !== "X-Amz-Signature");
  return verifySignature(request, claim, signed, payloadHash, options.credentials);
}

/**
 * Verifies the query of a WebSocket request to AWS IoT's device gateway. It differs from S3's: without X-Amz-Expires, the
 * date must be within 15 minutes of now; the signature does not cover the session token; and the host may be signed
 * without its port, because AWS's hosts have none. Source: AWS IoT Developer Guide, "Device communication protocols",
 * MQTT over WebSocket.
 *
 * @throws {AwsError} with the codes of S3
 */
export function verifyGatewayQuery(request: SignedRequest, options: VerifyOptions): VerifiedSignature {
  const query = queryPairs(request.url ?? "");
  const claim = readPresignedClaim(
    query.some(([name]) => name === "X-Amz-Expires") ? query : [...query, EXPIRES],
  );
  checkPresignedTime(claim, options.nowMs);
  const signed = query.filter(([name]) => name !== "X-Amz-Signature" && name !== "X-Amz-Security-Token");
  const payloadHash = sha256Hex("");
  try {
    return verifySignature(request, claim, signed, payloadHash, options.credentials);
  } catch (error) {
    if (claim.signedHeaders.join() !== "host") throw error;
    const { method, url, headers } = request;
    const rawHeaders = ["host", (canonicalHeader(request, "host") ?? "").replace(/:\d+$/, "")];
    const withoutPort = { method, url, headers, rawHeaders };
    return verifySignature(withoutPort, claim, signed, payloadHash, options.credentials);
  }
}

const EXPIRES: QueryPairs[number] = ["X-Amz-Expires", String(MAX_SKEW_MS / 1000)];

/**
 * Verifies the `Authorization` header of a request to any service, and that its date is within 15 minutes of now.
 * Errors have S3's codes for S3, and the codes of AWS's JSON services for all others.
 *
 * @throws {AwsError}
 */
export function verifyHeaders(request: SignedRequest, options: VerifyHeadersOptions): VerifiedSignature {
  const claim = readHeaderClaim(request);
  if (Math.abs(options.nowMs - claim.signedAtMs) > MAX_SKEW_MS) {
    throw claim.scope.service === "s3"
      ? new AwsError(
          "RequestTimeTooSkewed",
          403,
          "The difference between the request time and the current time is too large.",
          {
            RequestTime: claim.amzDate,
            ServerTime: isoSeconds(options.nowMs),
            MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS),
          },
        )
      : new AwsError(
          "InvalidSignatureException",
          403,
          `Signature not valid at this time: ${claim.amzDate} is more than 15 minutes from ${formatAmzDate(options.nowMs)}`,
        );
  }
  const query = queryPairs(request.url ?? "");
  return verifySignature(request, claim, query, options.payloadHash, options.credentials);
}

/** A request's signature with its parameters, parsed but not verified. */
interface SignatureClaim {
  scope: CredentialScope;
  amzDate: string;
  signedAtMs: number;
  /** Present only for a presigned URL. */
  expiresInSeconds?: number;
  signedHeaders: readonly string[];
  signature: string;
}

function readPresignedClaim(query: QueryPairs): SignatureClaim {
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

function readHeaderClaim(request: SignedRequest): SignatureClaim {
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

function checkPresignedTime(claim: SignatureClaim, nowMs: number): void {
  const expiresInSeconds = claim.expiresInSeconds ?? 0;
  const expiresMs = claim.signedAtMs + expiresInSeconds * 1000;
  const expiry = { expiresInSeconds, expiresMs, nowMs };
  if (nowMs > expiresMs) throw presignedUrlTimeError("Request has expired", expiry);
  if (claim.signedAtMs - nowMs > MAX_SKEW_MS) throw presignedUrlTimeError("Request is not valid yet", expiry);
}

/** Returns S3's error for a presigned URL that has expired or is not valid yet. */
export function presignedUrlTimeError(
  message: "Request has expired" | "Request is not valid yet",
  { expiresInSeconds, expiresMs, nowMs }: { expiresInSeconds: number; expiresMs: number; nowMs: number },
): AwsError {
  // ServerTime must be the stand-in's time: AWS's SDKs correct their clock by it.
  return new AwsError("AccessDenied", 403, message, {
    "X-Amz-Expires": String(expiresInSeconds),
    Expires: isoSeconds(expiresMs),
    ServerTime: isoSeconds(nowMs),
  });
}

/** Returns the headers that a presigned URL must cover but does not: `host`, and `x-amz-` headers, which change what S3 does. */
function unsignedHeaders(request: SignedRequest, signedHeaders: readonly string[]): string[] {
  const names = Object.keys(request.headers).filter((name) => name === "host" || name.startsWith("x-amz-"));
  return names.filter((name) => !signedHeaders.includes(name));
}

function verifySignature(
  request: SignedRequest,
  claim: SignatureClaim,
  query: QueryPairs,
  payloadHash: string,
  credentials: readonly Credentials[],
): VerifiedSignature {
  const { scope, amzDate, signature } = claim;
  const pair = credentials.find((each) => each.accessKeyId === scope.accessKeyId);
  if (pair === undefined) throw unknownAccessKey(scope);
  const headers = [...claim.signedHeaders]
    .sort()
    .map((name) => [name, canonicalHeader(request, name) ?? ""] as const);
  const key = signingKey(pair.secretAccessKey, scope);
  const canonicals = canonicalPaths(scope.service, rawPathOf(request.url ?? "/")).map((path) =>
    canonicalRequest({ method: request.method ?? "GET", path, query, headers, payloadHash }),
  );
  const texts = canonicals.map((canonical) => stringToSign(amzDate, scope, canonical));
  if (!texts.some((text) => equalConstantTime(sign(key, text), signature))) {
    throw signatureMismatch(scope, signature, texts[0] ?? "", canonicals[0] ?? "");
  }
  return { scope, amzDate, signedHeaders: claim.signedHeaders, signature, key };
}

/**
 * Returns the forms of a path that signers use, the most likely first. For S3 the path is encoded once; for all other
 * services the sent path is encoded again (`%24next` becomes `%2524next`). Clients send characters such as `$` encoded or
 * not.
 */
function canonicalPaths(service: string, rawPath: string): string[] {
  if (service !== "s3") return [uriEncodePath(rawPath), rawPath];
  try {
    return [rawPath, uriEncodePath(decodeURIComponent(rawPath))];
  } catch {
    return [rawPath];
  }
}

function equalConstantTime(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Returns a header in its signed form: values are trimmed and joined by commas, and runs of spaces become one space. */
function canonicalHeader(request: SignedRequest, name: string): string | undefined {
  const values: string[] = [];
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    if (request.rawHeaders[i]?.toLowerCase() !== name) continue;
    values.push((request.rawHeaders[i + 1] ?? "").trim().replace(/ +/g, " "));
  }
  return values.length === 0 ? undefined : values.join(",");
}

function firstValue(query: QueryPairs, name: string): string {
  return query.find(([each]) => each === name)?.[1] ?? "";
}

function unknownAccessKey(scope: CredentialScope): AwsError {
  if (scope.service !== "s3") {
    return new AwsError(
      "UnrecognizedClientException",
      403,
      "The security token included in the request is invalid.",
    );
  }
  return new AwsError(
    "InvalidAccessKeyId",
    403,
    "The AWS Access Key Id you provided does not exist in our records.",
    { AWSAccessKeyId: scope.accessKeyId },
  );
}

function signatureMismatch(
  scope: CredentialScope,
  signature: string,
  text: string,
  canonical: string,
): AwsError {
  const message =
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
  if (scope.service !== "s3") return new AwsError("InvalidSignatureException", 403, message);
  return new AwsError("SignatureDoesNotMatch", 403, message, {
    AWSAccessKeyId: scope.accessKeyId,
    StringToSign: text,
    SignatureProvided: signature,
    StringToSignBytes: hexBytes(text),
    CanonicalRequest: canonical,
    CanonicalRequestBytes: hexBytes(canonical),
  });
}

function hexBytes(text: string): string {
  return (Buffer.from(text).toString("hex").match(/../g) ?? []).join(" ");
}

function isoSeconds(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d{3}/, "");
}

/** Verifies the signatures of the chunks of an aws-chunked body. Each covers the one before it. */
export interface ChunkVerifier {
  /** @throws {AwsError} SignatureDoesNotMatch */
  chunk(signature: string, dataSha256Hex: string): void;
  /** `trailers` has a `name:value` and a line feed for each trailer. @throws {AwsError} SignatureDoesNotMatch */
  trailers(signature: string, trailers: string): void;
}

/** Source: S3 API Reference, "Signature Calculations for the Authorization Header: Transferring a Payload in Chunks". */
export function chunkVerifier(seed: VerifiedSignature): ChunkVerifier {
  let previous = seed.signature;
  const check = (signature: string, algorithm: string, hashes: string[]): void => {
    const text = [algorithm, seed.amzDate, formatScope(seed.scope), previous, ...hashes].join("\n");
    if (!equalConstantTime(sign(seed.key, text), signature))
      throw signatureMismatch(seed.scope, signature, text, "");
    previous = signature;
  };
  return {
    chunk: (signature, dataSha256Hex) =>
      check(signature, `${SIGV4_ALGORITHM}-PAYLOAD`, [sha256Hex(""), dataSha256Hex]),
    trailers: (signature, trailers) => check(signature, `${SIGV4_ALGORITHM}-TRAILER`, [sha256Hex(trailers)]),
  };
}
