/** What the store keeps of buckets and of what is in them. */
import type { Checksum } from "./checksums.js";

export interface BucketRecord {
  name: string;
  region: string;
  createdMs: number;
  /** Id of the folder of `--dir` that it was made in; absent where an earlier release made it. */
  folder?: string;
  /** Absent: never switched on. It can be suspended, but not forgotten, as on S3. */
  versioning?: "Enabled" | "Suspended";
  /** Absent: as S3 makes buckets. `null`: it was deleted. */
  publicAccessBlock?: PublicAccessBlock | null;
}

/** As S3 spells it. */
export interface PublicAccessBlock {
  BlockPublicAcls: boolean;
  IgnorePublicAcls: boolean;
  BlockPublicPolicy: boolean;
  RestrictPublicBuckets: boolean;
}

/** What an uploader says about an object and gets back with it. */
export interface ObjectAttributes {
  /** Content-Type and the other headers that S3 stores, lower-case names. */
  headers: Record<string, string>;
  /** `x-amz-meta-` headers without the prefix, lower-case names. */
  metadata: Record<string, string>;
  tags: Record<string, string>;
  /** Absent: STANDARD. */
  storageClass?: string;
}

/** An object that is to be stored. */
export interface NewObject extends ObjectAttributes {
  key: string;
  sizeBytes: number;
  /** Without the quotes: MD5 in hex, or MD5 of the parts' MD5s with `-<parts>` behind it. */
  etag: string;
  modifiedMs: number;
  checksum: Checksum;
  /** Sizes of the parts of a multipart upload, in order. */
  partSizesBytes?: number[];
}

interface Version {
  /** The higher of two versions of a key is the newer one; none comes twice in a store. */
  sequence: number;
  /** Absent: the one version that a key has without versioning, which S3 calls `null`. */
  versionId?: string;
}

export interface ObjectRecord extends NewObject, Version {}

/** Stands where a version would: from then on the key counts as deleted. */
export interface DeleteMarker extends Version {
  key: string;
  modifiedMs: number;
  isDeleteMarker: true;
}

export type VersionRecord = ObjectRecord | DeleteMarker;

export function isDeleteMarker(record: VersionRecord): record is DeleteMarker {
  return "isDeleteMarker" in record;
}

/** As clients see it. */
export function versionIdOf(record: VersionRecord): string {
  return record.versionId ?? "null";
}

export const STANDARD = "STANDARD";

export function storageClassOf({ storageClass = STANDARD }: Pick<ObjectAttributes, "storageClass">): string {
  return storageClass;
}
