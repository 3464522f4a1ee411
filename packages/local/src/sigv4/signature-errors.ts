/** AWS's errors for signatures: S3's for S3, those of AWS's JSON services for all others; STS has two of its own. */
import { AwsError } from "../errors.js";
import type { CredentialScope } from "./sigv4.js";

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

export function unknownAccessKey(scope: CredentialScope): AwsError {
  if (scope.service !== "s3") {
    return new AwsError(
      scope.service === "sts" ? "InvalidClientTokenId" : "UnrecognizedClientException",
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

/**
 * Returns the error for a session token that does not belong to the access key. Source: S3 API Reference, "Error
 * responses".
 */
export function invalidToken(scope: CredentialScope): AwsError {
  if (scope.service !== "s3") return unknownAccessKey(scope);
  return new AwsError("InvalidToken", 400, "The provided token is malformed or otherwise invalid.");
}

/** Returns the error for temporary credentials that have expired. */
export function expiredToken(scope: CredentialScope): AwsError {
  if (scope.service === "s3") return new AwsError("ExpiredToken", 400, "The provided token has expired.");
  const message = "The security token included in the request is expired";
  return new AwsError(scope.service === "sts" ? "ExpiredToken" : "ExpiredTokenException", 403, message);
}

export function signatureMismatch(
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

export function isoSeconds(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d{3}/, "");
}
