import type { Clock } from "../clock.js";
import type { ObjectStore } from "./object-store.js";
import type { BucketRecord } from "./records.js";
import type { S3Answer, S3Request } from "./request.js";
import { noSuchBucket } from "./s3-errors.js";

/** The state that operations use. */
export interface S3State {
  store: ObjectStore;
  clock: Clock;
  /** Region of buckets that are created without one. */
  region: string;
}

/** One S3 operation. Returns the answer, or throws an `AwsError` with S3's refusal. */
export type S3Operation = (request: S3Request, state: S3State) => S3Answer | Promise<S3Answer>;

/** @throws {AwsError} NoSuchBucket */
export function requireBucket({ store }: S3State, name: string): BucketRecord {
  const bucket = store.bucket(name);
  if (bucket === undefined) throw noSuchBucket(name);
  return bucket;
}
