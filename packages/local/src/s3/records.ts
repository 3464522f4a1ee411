/** The records of buckets, objects and their versions. */
import type { Checksum } from "./checksums.js";

export interface BucketRecord {
  name: string;
  region: string;
  createdMs: number;
  /** Id of the `--dir` folder that it was created in; absent if an earlier release created it. */
  folder?: string;
  /** Absent if versioning was never enabled. As at S3, it can be suspended, but not removed. */
  versioning?: "Enabled" | "Suspended";
  /** Absent if it is S3's default; `null` if it was deleted. */
  publicAccessBlock?: PublicAccessBlock | null;
}

/** In S3's spelling. */
export interface PublicAccessBlock {
  BlockPublicAcls: boolean;
  IgnorePublicAcls: boolean;
  BlockPublicPolicy: boolean;
  RestrictPublicBuckets: boolean;
}

/** What an uploader sets for an object, and a download returns with it. */
export interface ObjectAttributes {
  /** Content-Type and the other headers that S3 stores, lower-case names. */
  headers: Record<string, string>;
  /** `x-amz-meta-` headers without the prefix, lower-case names. */
  metadata: Record<string, string>;
  tags: Record<string, string>;
  /** Absent for STANDARD. */
  storageClass?: string;
}

/** An object to store. */
export interface NewObject extends ObjectAttributes {
  key: string;
  sizeBytes: number;
  /** Without quotes: the MD5 in hex, or the MD5 of the parts' MD5s followed by `-<number of parts>`. */
  etag: string;
  modifiedMs: number;
  checksum: Checksum;
  /** Sizes of the parts of a multipart upload, in order. */
  partSizesBytes?: number[];
  /** Where the bytes are: in files of these parts, of the sizes above. If absent, they are in the object's own file. */
  storedParts?: StoredParts;
}

/** The files of an upload's parts, in the order of their bytes. */
export interface StoredParts {
  uploadId: string;
  partNumbers: number[];
}

interface Version {
  /** The newer of two versions has the higher number; unique in a store. */
  sequence: number;
  /** Absent for the only version of a key without versioning, whose id is `null` at S3. */
  versionId?: string;
}

export interface ObjectRecord extends NewObject, Version {}

/** Marks the key as deleted while it is the newest version. */
export interface DeleteMarker extends Version {
  key: string;
  modifiedMs: number;
  isDeleteMarker: true;
}

export type VersionRecord = ObjectRecord | DeleteMarker;

export function isDeleteMarker(record: VersionRecord): record is DeleteMarker {
  return "isDeleteMarker" in record;
}

/** Returns the number of bytes in the object's own file. */
export function ownBytesOf({ storedParts, sizeBytes }: NewObject): number {
  return storedParts === undefined ? sizeBytes : 0;
}

/** Returns the version id that clients see. */
export function versionIdOf(record: VersionRecord): string {
  return record.versionId ?? "null";
}

export const STANDARD = "STANDARD";

export function storageClassOf({ storageClass = STANDARD }: Pick<ObjectAttributes, "storageClass">): string {
  return storageClass;
}
