/** Buckets and the versions of objects on disk, with an index of them in memory. */
import { randomBytes } from "node:crypto";
import { closeSync, createReadStream, openSync, renameSync, unlinkSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { FolderOwner } from "../folder/folder-identity.js";
import { type Folders, syncFolder, tempPath } from "./folders.js";
import { type Bucket, loadBuckets, newestFirst, objectsFolder, versionPath } from "./load-buckets.js";
import { replaceRecord, writeRecord } from "./record-file.js";
import {
  type BucketRecord,
  type DeleteMarker,
  isDeleteMarker,
  type NewObject,
  type ObjectRecord,
  type VersionRecord,
  versionIdOf,
} from "./records.js";
import { noSuchBucket } from "./s3-errors.js";
import { type ByteSource, reseal, writeSealed } from "./sealed-file.js";
import { checkStoreOwner, recordStoreOwner } from "./store-owner.js";
import { openUploadStore, type UploadStore } from "./upload-store.js";

/** Bytes per read: with 64 KiB, the reads would be slower than the network. */
const READ_BYTES = 1024 * 1024;

/**
 * Stores buckets and objects. An acknowledged change survives `kill -9` and a power cut; an unacknowledged one leaves no
 * trace. Keys can be any string, because they never become paths.
 */
export interface ObjectStore {
  /** Returns all buckets, sorted by name. */
  buckets(): BucketRecord[];
  bucket(name: string): BucketRecord | undefined;
  /** Returns false if the bucket exists already. */
  createBucket(record: BucketRecord): Promise<boolean>;
  /** @throws {AwsError} NoSuchBucket */
  changeBucket(name: string, changes: Partial<Omit<BucketRecord, "name">>): Promise<void>;
  /** Deletes a bucket and its unfinished uploads. Returns false if it contains any version, also a delete marker. */
  deleteBucket(name: string): Promise<boolean>;
  /** Returns the newest version, unless that is a delete marker. */
  object(bucket: string, key: string): ObjectRecord | undefined;
  /** Returns the versions of a key, newest first. */
  versions(bucket: string, key: string): readonly VersionRecord[];
  version(bucket: string, key: string, versionId: string): VersionRecord | undefined;
  /** Returns the keys of objects, in the order of their UTF-8 bytes, as S3 lists them. */
  keys(bucket: string): readonly string[];
  /** Also returns keys whose newest version is a delete marker. */
  keysOfVersions(bucket: string): readonly string[];
  /**
   * Stores `bytes` under the key of the record that `makeRecord` returns after the last byte: as a new version if the
   * bucket keeps versions, else in place of the version without an id. Calls `checkBeforeCommit` when everything is on
   * disk and right before the object becomes visible; if it throws, nothing is stored.
   *
   * @throws {AwsError} NoSuchBucket
   */
  put(
    bucket: string,
    bytes: ByteSource,
    makeRecord: (sizeBytes: number) => NewObject,
    checkBeforeCommit: () => void,
  ): Promise<ObjectRecord>;
  /**
   * Reads bytes of a version that exists now, also if it is overwritten or deleted meanwhile. The file stays open until
   * the stream ends or is destroyed.
   */
  read(bucket: string, object: ObjectRecord, offsetBytes: number, lengthBytes: number): Readable;
  /** Replaces the tags of a version. It takes as long as copying the version if the file system cannot share blocks. */
  setTags(bucket: string, object: ObjectRecord, tags: Record<string, string>): Promise<void>;
  /** Removes and returns a version; returns `undefined` if it does not exist. */
  removeVersion(bucket: string, key: string, versionId: string): Promise<VersionRecord | undefined>;
  /** Adds a delete marker as the newest version of a key. Only for buckets with versioning. */
  putDeleteMarker(
    bucket: string,
    key: string,
    modifiedMs: number,
    checkBeforeCommit: () => void,
  ): Promise<DeleteMarker>;
  readonly uploads: UploadStore;
}

/**
 * Opens the store in `dir`, and creates it if it is missing. Only one process may use it at a time. If it is not
 * `durable`, acknowledged changes may be lost in a power cut; use that for a temporary folder.
 *
 * @throws {FotaError} LOCAL_DIR_INVALID if it contains a damaged or foreign file
 */
export async function createObjectStore({
  dir,
  durable = true,
  owner,
}: {
  dir: string;
  durable?: boolean;
  /** The `--dir` folder that contains `dir`. */
  owner?: FolderOwner | undefined;
}): Promise<ObjectStore> {
  const folders: Folders = {
    buckets: join(dir, "buckets"),
    uploads: join(dir, "uploads"),
    temp: join(dir, "temp"),
    durable,
  };
  if (owner !== undefined) await checkStoreOwner(folders, dir, owner);
  await rm(folders.temp, { recursive: true, force: true });
  for (const path of [folders.buckets, folders.uploads, folders.temp]) await mkdir(path, { recursive: true });
  await syncFolder(folders, dir);
  const buckets = await loadBuckets(folders, owner);
  const uploads = await openUploadStore(folders);
  if (owner !== undefined) await recordStoreOwner(folders, dir, owner);
  let lastSequence = Math.max(0, ...[...buckets.values()].map(findLastSequence));

  const requireBucket = (name: string): Bucket => {
    const bucket = buckets.get(name);
    if (bucket === undefined) throw noSuchBucket(name);
    return bucket;
  };

  const versionsOf = (name: string, key: string): VersionRecord[] =>
    buckets.get(name)?.versions.get(key) ?? [];

  const nextVersion = (name: string) => {
    lastSequence += 1;
    const keepsAll = requireBucket(name).record.versioning === "Enabled";
    return { sequence: lastSequence, ...(keepsAll && { versionId: randomBytes(24).toString("base64url") }) };
  };

  /** Moves the sealed file `temporary` to its place as a version. */
  async function commit(
    name: string,
    temporary: string,
    record: VersionRecord,
    checkBeforeCommit: () => void,
  ): Promise<void> {
    try {
      const bucket = requireBucket(name);
      checkBeforeCommit();
      renameSync(temporary, versionPath(folders, name, record));
      const others = versionsOf(name, record.key).filter((each) => each.versionId !== record.versionId);
      bucket.versions.set(record.key, newestFirst([...others, record]));
      if (others.length === 0 || isDeleteMarker(record) || others.some(isDeleteMarker))
        bucket.sorted = undefined;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(folders, objectsFolder(folders, name));
  }

  const sortedKeys = (name: string) => {
    const bucket = requireBucket(name);
    if (bucket.sorted === undefined) {
      const all = sortUtf8([...bucket.versions.keys()]);
      bucket.sorted = {
        all,
        ofObjects: all.filter((key) => newestObject(bucket.versions.get(key)) !== undefined),
      };
    }
    return bucket.sorted;
  };

  return {
    uploads,
    buckets: () => sortUtf8([...buckets.keys()]).map((name) => requireBucket(name).record),
    bucket: (name) => buckets.get(name)?.record,

    async createBucket(wanted) {
      const record: BucketRecord = { ...wanted, ...(owner !== undefined && { folder: owner.id }) };
      if (buckets.has(record.name)) return false;
      const temporary = tempPath(folders);
      try {
        await mkdir(join(temporary, "objects"), { recursive: true });
        await writeRecord(folders, join(temporary, "bucket.json"), record);
        await syncFolder(folders, temporary);
        if (buckets.has(record.name)) return false;
        renameSync(temporary, join(folders.buckets, record.name));
      } finally {
        await rm(temporary, { recursive: true, force: true }); // exists only after an error, or if another request was faster
      }
      buckets.set(record.name, { record, versions: new Map() });
      await syncFolder(folders, folders.buckets);
      return true;
    },

    async changeBucket(name, changes) {
      const bucket = requireBucket(name);
      const record: BucketRecord = { ...bucket.record, ...changes };
      await replaceRecord(folders, join(folders.buckets, name, "bucket.json"), record);
      await syncFolder(folders, join(folders.buckets, name));
      bucket.record = record;
    },

    async deleteBucket(name) {
      if (requireBucket(name).versions.size > 0) return false;
      const trash = tempPath(folders);
      renameSync(join(folders.buckets, name), trash);
      buckets.delete(name);
      await syncFolder(folders, folders.buckets);
      for (const upload of uploads.list(name)) await uploads.remove(upload.uploadId);
      await rm(trash, { recursive: true, force: true });
      return true;
    },

    object: (bucket, key) => newestObject(versionsOf(bucket, key)),
    versions: versionsOf,
    version: (bucket, key, versionId) =>
      versionsOf(bucket, key).find((each) => versionIdOf(each) === versionId),
    keys: (name) => sortedKeys(name).ofObjects,
    keysOfVersions: (name) => sortedKeys(name).all,

    async put(name, bytes, makeRecord, checkBeforeCommit) {
      requireBucket(name);
      const temporary = tempPath(folders);
      const makeVersion = (sizeBytes: number) => ({ ...makeRecord(sizeBytes), ...nextVersion(name) });
      const record = await writeSealed(temporary, bytes, makeVersion, durable);
      await commit(name, temporary, record, checkBeforeCommit);
      return record;
    },

    read(bucket, object, offsetBytes, lengthBytes) {
      const fd = openSync(versionPath(folders, bucket, object), "r");
      if (lengthBytes === 0) {
        closeSync(fd);
        return Readable.from([]);
      }
      const end = offsetBytes + lengthBytes - 1;
      return createReadStream("", { fd, start: offsetBytes, end, highWaterMark: READ_BYTES });
    },

    async setTags(name, object, tags) {
      const temporary = tempPath(folders);
      const record: ObjectRecord = { ...object, tags };
      await reseal(versionPath(folders, name, object), temporary, object.sizeBytes, record, durable);
      const isStillThere = () => versionsOf(name, object.key).includes(object);
      if (isStillThere()) await commit(name, temporary, record, () => undefined);
      else await rm(temporary, { force: true });
    },

    async removeVersion(name, key, versionId) {
      const bucket = requireBucket(name);
      const versions = versionsOf(name, key);
      const record = versions.find((each) => versionIdOf(each) === versionId);
      if (record === undefined) return undefined;
      unlinkSync(versionPath(folders, name, record));
      const others = versions.filter((each) => each !== record);
      if (others.length === 0) bucket.versions.delete(key);
      else bucket.versions.set(key, others);
      bucket.sorted = undefined;
      await syncFolder(folders, objectsFolder(folders, name));
      return record;
    },

    async putDeleteMarker(name, key, modifiedMs, checkBeforeCommit) {
      const temporary = tempPath(folders);
      const marker: DeleteMarker = { key, modifiedMs, isDeleteMarker: true, ...nextVersion(name) };
      await writeSealed(temporary, Readable.from([]), () => marker, durable);
      await commit(name, temporary, marker, checkBeforeCommit);
      return marker;
    },
  };
}

function newestObject(versions: readonly VersionRecord[] = []): ObjectRecord | undefined {
  const newest = versions[0];
  return newest === undefined || isDeleteMarker(newest) ? undefined : newest;
}

function findLastSequence(bucket: Bucket): number {
  let last = 0;
  for (const [newest] of bucket.versions.values()) last = Math.max(last, newest?.sequence ?? 0);
  return last;
}

/** Sorts by UTF-8 bytes. JavaScript sorts by UTF-16 code units, which differs beyond the basic plane. */
function sortUtf8(texts: string[]): string[] {
  return texts
    .map((text) => ({ text, bytes: Buffer.from(text) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ text }) => text);
}
