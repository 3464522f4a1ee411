/** What faults make of a request to S3 before its operation runs. */
import { AwsError } from "../errors.js";
import type { FaultSource } from "../faults/faults.js";
import { outOfTime } from "../sigv4/verify.js";
import type { S3Request } from "./request.js";
import { accessDenied } from "./s3-errors.js";

type Asked = Pick<S3Request, "method" | "bucket" | "key" | "query" | "headers">;

/** The refusal that is to be answered instead. Only asked of requests whose signature was right. */
export function refusalOf(faults: FaultSource, request: Asked, nowMs: number): AwsError | undefined {
  const isOfObject = isMeant(request);
  const expires = request.query.get("X-Amz-Expires");
  if (expires !== undefined && faults.trigger(["expireUrl"], isOfObject) !== undefined) {
    const expiry = { expiresInSeconds: Number(expires), expiresMs: nowMs - 1000, nowMs };
    return outOfTime("Request has expired", expiry);
  }
  const triggered = faults.trigger(
    ["answerError"],
    (fault) =>
      (fault.service ?? "s3") === "s3" &&
      (fault.method ?? request.method) === request.method &&
      isOfObject(fault),
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

/** Whether the request asks for a range and is to get the whole. */
export function ignoresRange(faults: FaultSource, request: Asked): boolean {
  if (request.method !== "GET" || request.headers["range"] === undefined) return false;
  return faults.trigger(["ignoreRange"], isMeant(request)) !== undefined;
}

function isMeant(request: Asked): (fault: { bucket?: string; key?: string }) => boolean {
  return ({ bucket = request.bucket, key = request.key }) => bucket === request.bucket && key === request.key;
}
