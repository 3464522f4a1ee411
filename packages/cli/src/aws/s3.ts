import { S3Client } from "@aws-sdk/client-s3";
import { type AwsAccess, clientConfig, needsPathStyle } from "./access.js";
import { type SdkService, sdkServiceOf } from "./service.js";
import { watchRequests } from "./watch.js";

/** Reaches Amazon S3; `images.ts`, `upload.ts` and `buckets.ts` have its requests. */
export type S3 = SdkService<S3Client>;

export function openS3(access: AwsAccess, signal: AbortSignal): S3 {
  const client = new S3Client({
    ...clientConfig(access, access.s3Endpoint),
    forcePathStyle: needsPathStyle(access.s3Endpoint),
    // Uploads send their SHA-256 themselves; `x-amz-checksum-mode` would only make presigned URLs longer.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  watchRequests(client, access);
  return sdkServiceOf(client, access.s3Endpoint, signal);
}
