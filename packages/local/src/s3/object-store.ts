/** Buckets and the versions of objects on disk, with an index of them in memory. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { FolderOwner } from "../folder/folder-identity.js";
import type { Bucket } from "./bucket.js";
import { BucketStore } from "./bucket-store.js";
import { type Folders, syncFolder } from "./folders.js";
import type { SortedKeys } from "./list.js";
import { loadBuckets } from "./load-buckets.js";
import { PartFiles } from "./part-files.js";
import {
  type BucketRecord,
  type DeleteMarker,
  isDeleteMarker,
  type NewObject,
  type ObjectRecord,
  type StoredParts,
  type VersionRecord,
} from "./records.js";
import { checkStoreOwner, recordStoreOwner } from "./store-owner.js";
import type { StoredBytes } from "./stored-bytes.js";
import { openUploadStore, type UploadStore } from "./upload-store.js";
import { VersionStore } from "./version-store.js";

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
  keys(bucket: string): SortedKeys;
  /** Also returns keys whose newest version is a delete marker. */
  keysOfVersions(bucket: string): SortedKeys;
  /**
   * Stores `bytes` under the key of the record that `makeRecord` returns after the last byte: as a new version if the
   * bucket keeps versions, else in place of the version without an id. Calls `checkBeforeCommit` when everything is on
   * disk and right before the object becomes visible; if it throws, nothing is stored.
   *
   * @throws {AwsError} NoSuchBucket
   */
  put(
    bucket: string,
    bytes: AsyncIterable<Uint8Array>,
    makeRecord: (sizeBytes: number) => NewObject,
    checkBeforeCommit: () => void,
  ): Promise<ObjectRecord>;
  /**
   * Makes an object from parts of an upload, which ends. Copies no bytes: the files of the parts become those of the
   * object. `checkBeforeCommit` is as for `put`.
   *
   * @throws {AwsError} NoSuchBucket
   */
  putParts(
    bucket: string,
    parts: StoredParts,
    makeRecord: () => NewObject,
    checkBeforeCommit: () => void,
  ): Promise<ObjectRecord>;
  /**
   * Reads bytes of a version that exists now, also if it is overwritten or deleted meanwhile. Its files stay until the
   * bytes are closed.
   */
  read(bucket: string, object: ObjectRecord, offsetBytes: number, lengthBytes: number): StoredBytes;
  /** Replaces the tags of a version. Without parts, it takes as long as copying the version if the file system cannot share blocks. */
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
  const loaded = await loadBuckets(folders, owner);
  const parts = new PartFiles(folders);
  const uploads = await openUploadStore(folders, parts, completedUploads(loaded));
  if (owner !== undefined) await recordStoreOwner(folders, dir, owner);
  const lastSequence = Math.max(0, ...[...loaded.values()].map((bucket) => bucket.lastSequence));
  const buckets = new BucketStore({ folders, owner, buckets: loaded });
  const versions = new VersionStore({ folders, buckets, parts, lastSequence });

  async function removeUploads(bucket: string): Promise<void> {
    for (const upload of uploads.list(bucket)) await uploads.remove(upload.uploadId);
  }

  return {
    uploads,
    buckets: () => buckets.records(),
    bucket: (name) => buckets.find(name)?.record,
    createBucket: (record) => buckets.create(record),
    changeBucket: (name, changes) => buckets.change(name, changes),
    deleteBucket: (name) => buckets.delete(name, () => removeUploads(name)),
    object: (bucket, key) => buckets.find(bucket)?.object(key),
    versions: (bucket, key) => versions.list(bucket, key),
    version: (bucket, key, versionId) => versions.find(bucket, key, versionId),
    keys: (bucket) => buckets.require(bucket).sortedKeys().ofObjects,
    keysOfVersions: (bucket) => buckets.require(bucket).sortedKeys().all,
    put: (bucket, bytes, makeRecord, check) => versions.put(bucket, bytes, makeRecord, check),
    async putParts(bucket, storedParts, makeRecord, check) {
      const makeVersion = () => ({ ...makeRecord(), storedParts });
      const { uploadId } = storedParts;
      const letGo = parts.hold(uploadId); // the object can be deleted before `keep` has ended
      try {
        const none = Readable.from([]);
        const object = await versions.put(bucket, none, makeVersion, check, () => uploads.release(uploadId));
        await parts.keep(storedParts);
        return object;
      } finally {
        letGo();
      }
    },
    read: (bucket, object, offsetBytes, lengthBytes) =>
      versions.read(bucket, object, offsetBytes, lengthBytes),
    setTags: (bucket, object, tags) => versions.setTags(bucket, object, tags),
    removeVersion: (bucket, key, versionId) => versions.remove(bucket, key, versionId),
    putDeleteMarker: (bucket, key, modifiedMs, check) =>
      versions.putDeleteMarker(bucket, key, modifiedMs, check),
  };
}

/** Returns the parts that belong to objects, by the id of their upload. */
function completedUploads(buckets: ReadonlyMap<string, Bucket>): Map<string, StoredParts> {
  const completed = new Map<string, StoredParts>();
  for (const bucket of buckets.values()) {
    for (const key of bucket.sortedKeys().all) {
      for (const version of bucket.versions(key)) {
        if (isDeleteMarker(version) || version.storedParts === undefined) continue;
        completed.set(version.storedParts.uploadId, version.storedParts);
      }
    }
  }
  return completed;
}
