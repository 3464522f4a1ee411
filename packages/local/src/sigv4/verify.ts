/** Verifies Signature Version 4 of requests, in headers and in presigned URLs, with AWS's errors. */
import { AwsError } from "../errors.js";
import {
  canonicalHeader,
  firstValue,
  readHeaderClaim,
  readPresignedClaim,
  type SignatureClaim,
} from "./claim.js";
import {
  expiredToken,
  invalidToken,
  isoSeconds,
  presignedUrlTimeError,
  signatureMismatch,
  unknownAccessKey,
} from "./signature-errors.js";
import {
  type CredentialScope,
  type Credentials,
  canonicalRequest,
  equalConstantTime,
  formatAmzDate,
  parseCredentialScope,
  type QueryPairs,
  queryPairs,
  rawPathOf,
  type SignedRequest,
  sha256Hex,
  sign,
  signingKey,
  stringToSign,
  UNSIGNED_PAYLOAD,
  uriEncodePath,
} from "./sigv4.js";

import { TEMPORARY_KEY_PREFIX, type TemporaryKeys } from "./temporary-keys.js";

/** Largest difference between the clocks of client and server: 15 minutes. */
const MAX_SKEW_MS = 900_000;

export interface VerifyOptions {
  /** Key pairs that are always accepted, with any session token. */
  credentials: readonly Credentials[];
  /** Those of the credential provider, accepted with their session token until they expire. */
  temporaryKeys?: TemporaryKeys | undefined;
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
  return verifySignature(request, claim, signed, payloadHash, options);
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
    return verifySignature(request, claim, signed, payloadHash, options);
  } catch (error) {
    if (claim.signedHeaders.join() !== "host") throw error;
    const { method, url, headers } = request;
    const rawHeaders = ["host", (canonicalHeader(request, "host") ?? "").replace(/:\d+$/, "")];
    const withoutPort = { method, url, headers, rawHeaders };
    return verifySignature(withoutPort, claim, signed, payloadHash, options);
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
  return verifySignature(request, claim, query, options.payloadHash, options);
}

function checkPresignedTime(claim: SignatureClaim, nowMs: number): void {
  const expiresInSeconds = claim.expiresInSeconds ?? 0;
  const expiresMs = claim.signedAtMs + expiresInSeconds * 1000;
  const expiry = { expiresInSeconds, expiresMs, nowMs };
  if (nowMs > expiresMs) throw presignedUrlTimeError("Request has expired", expiry);
  if (claim.signedAtMs - nowMs > MAX_SKEW_MS) throw presignedUrlTimeError("Request is not valid yet", expiry);
}

/**
 * Returns the headers that a presigned URL must cover but does not: `host`, and `x-amz-` headers, which change what S3
 * does.
 */
function unsignedHeaders(request: SignedRequest, signedHeaders: readonly string[]): string[] {
  const names = Object.keys(request.headers).filter((name) => name === "host" || name.startsWith("x-amz-"));
  return names.filter((name) => !signedHeaders.includes(name));
}

function verifySignature(
  request: SignedRequest,
  claim: SignatureClaim,
  query: QueryPairs,
  payloadHash: string,
  options: VerifyOptions,
): VerifiedSignature {
  const { scope, amzDate, signature } = claim;
  const pair = findPair(request, scope, options);
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

/** Returns the key pair that the request names. @throws {AwsError} if there is none, or if it has expired */
function findPair(
  request: SignedRequest,
  scope: CredentialScope,
  { credentials, temporaryKeys, nowMs }: VerifyOptions,
): Credentials {
  const lasting = credentials.find((each) => each.accessKeyId === scope.accessKeyId);
  if (lasting !== undefined) return lasting;
  const token =
    canonicalHeader(request, "x-amz-security-token") ??
    firstValue(queryPairs(request.url ?? ""), "X-Amz-Security-Token");
  if (token === "" || !scope.accessKeyId.startsWith(TEMPORARY_KEY_PREFIX)) throw unknownAccessKey(scope);
  const temporary = temporaryKeys?.find(scope.accessKeyId, token);
  if (temporary === undefined) throw invalidToken(scope);
  if (nowMs >= temporary.expiresAtMs) throw expiredToken(scope);
  return temporary;
}

/**
 * Checks the session token of a request, but not its signature, if `temporaryKeys` issued the access key.
 *
 * @throws {AwsError} if the token is missing, does not belong to the access key, or has expired
 */
export function checkSessionToken(
  request: SignedRequest,
  { credentials, temporaryKeys, nowMs }: VerifyOptions,
): void {
  const scope = parseCredentialScope(request);
  if (scope === undefined || !temporaryKeys?.isIssued(scope.accessKeyId)) return;
  findPair(request, scope, { credentials, temporaryKeys, nowMs });
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
