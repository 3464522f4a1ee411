import type { Clock } from "../clock.js";
import type { ObjectStore } from "./object-store.js";
import type { BucketRecord } from "./records.js";
import type { S3Answer, S3Request } from "./request.js";
import { noSuchBucket } from "./s3-errors.js";

/** What operations work on. */
export interface S3State {
  store: ObjectStore;
  clock: Clock;
  /** Of buckets whose maker names none. */
  region: string;
}

/** One S3 operation: request in, answer out; what S3 refuses is thrown as `AwsError`. */
export type S3Operation = (request: S3Request, state: S3State) => S3Answer | Promise<S3Answer>;

/** @throws {AwsError} NoSuchBucket */
export function requireBucket({ store }: S3State, name: string): BucketRecord {
  const bucket = store.bucket(name);
  if (bucket === undefined) throw noSuchBucket(name);
  return bucket;
}
