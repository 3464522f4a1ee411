import { checkWriteConditions } from "./conditions.js";
import type { DigestedBytes } from "./digests.js";
import type { S3State } from "./operation.js";
import type { ObjectAttributes, ObjectRecord } from "./records.js";
import type { S3Request } from "./request.js";

/**
 * Stores bytes under the key of a request, in one piece, if the conditions in its headers still hold after the last byte.
 *
 * @throws {AwsError} what `bytes` throws; PreconditionFailed and others for the conditions
 */
export function storeObject(
  { bucket, key, headers }: S3Request,
  { store, clock }: S3State,
  attributes: ObjectAttributes,
  { bytes, digests }: DigestedBytes,
): Promise<ObjectRecord> {
  const makeRecord = (sizeBytes: number) => {
    const { md5, checksum } = digests();
    const modifiedMs = clock.nowMs();
    return { ...attributes, key, sizeBytes, etag: md5.toString("hex"), modifiedMs, checksum };
  };
  return store.put(bucket, bytes, makeRecord, () =>
    checkWriteConditions(headers, key, store.object(bucket, key)),
  );
}
