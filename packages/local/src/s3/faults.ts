/** Applies faults to a request to S3 before its operation runs. */
import { AwsError } from "../errors.js";
import type { FaultSource } from "../faults/faults.js";
import { presignedUrlTimeError } from "../sigv4/signature-errors.js";
import type { S3Request } from "./request.js";
import { accessDenied } from "./s3-errors.js";

type FaultTarget = Pick<S3Request, "method" | "bucket" | "key" | "query" | "headers">;

/** Triggers a fault that answers with an error; returns the error. Call it only for requests with a valid signature. */
export function findErrorFault(
  faults: FaultSource,
  request: FaultTarget,
  nowMs: number,
): AwsError | undefined {
  const isForObject = matchObject(request);
  const expires = request.query.get("X-Amz-Expires");
  if (expires !== undefined && faults.trigger(["expireUrl"], isForObject) !== undefined) {
    const expiry = { expiresInSeconds: Number(expires), expiresMs: nowMs - 1000, nowMs };
    return presignedUrlTimeError("Request has expired", expiry);
  }
  const triggered = faults.trigger(
    ["answerError"],
    (fault) =>
      (fault.service ?? "s3") === "s3" &&
      (fault.method ?? request.method) === request.method &&
      isForObject(fault),
  );
  switch (triggered?.fault.status) {
    case undefined:
      return undefined;
    case 403:
      return accessDenied();
    case 500:
      return new AwsError("InternalError", 500, "We encountered an internal error. Please try again.");
    case 503:
      return new AwsError("SlowDown", 503, "Please reduce your request rate.");
  }
}

/** Triggers a fault that ignores the range of a request; returns whether there is one. */
export function ignoresRange(faults: FaultSource, request: FaultTarget): boolean {
  if (request.method !== "GET" || request.headers["range"] === undefined) return false;
  return faults.trigger(["ignoreRange"], matchObject(request)) !== undefined;
}

function matchObject(request: FaultTarget): (fault: { bucket?: string; key?: string }) => boolean {
  return ({ bucket = request.bucket, key = request.key }) => bucket === request.bucket && key === request.key;
}
