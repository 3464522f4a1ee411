/** Buckets and objects on disk, with an index of them in memory. */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, renameSync, unlinkSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { FotaError } from "@fota/shared";
import type { Checksum } from "./checksums.js";
import { type Folders, syncFolder, tempPath } from "./folders.js";
import { noSuchBucket } from "./s3-errors.js";
import { readSeal, writeSealed } from "./sealed-file.js";
import { openUploadStore, type UploadStore } from "./upload-store.js";

/** Bytes read at once: with 64 KiB the reads, not the network, set the pace. */
const READ_BYTES = 1024 * 1024;

export interface BucketRecord {
  name: string;
  region: string;
  createdMs: number;
}

/** What an uploader says about an object and gets back with it. */
export interface ObjectAttributes {
  /** Content-Type and the other headers that S3 stores, lower-case names. */
  headers: Record<string, string>;
  /** `x-amz-meta-` headers without the prefix, lower-case names. */
  metadata: Record<string, string>;
}

export interface ObjectRecord extends ObjectAttributes {
  key: string;
  sizeBytes: number;
  /** Without the quotes: MD5 in hex, or MD5 of the parts' MD5s with `-<parts>` behind it. */
  etag: string;
  modifiedMs: number;
  checksum: Checksum;
  /** Sizes of the parts of a multipart upload, in order. */
  partSizesBytes?: number[];
}

/**
 * What is acknowledged survives kill -9 and a power cut; what is not leaves nothing. Keys are any text: they never
 * become paths.
 */
export interface ObjectStore {
  /** By name. */
  buckets(): BucketRecord[];
  bucket(name: string): BucketRecord | undefined;
  /** False where the bucket exists already. */
  createBucket(record: BucketRecord): Promise<boolean>;
  /** With the uploads that are going on in it. False where objects are in it. */
  deleteBucket(name: string): Promise<boolean>;
  object(bucket: string, key: string): ObjectRecord | undefined;
  /** In the order of their UTF-8 bytes, as S3 lists them. */
  keys(bucket: string): readonly string[];
  /**
   * Stores `bytes` under the key of the record that `recordOf` makes at their end. `mayCommit` is called when all is on
   * disk; what it throws undoes the put, and nothing else happens between it and the object being visible.
   *
   * @throws {AwsError} NoSuchBucket
   */
  put(
    bucket: string,
    bytes: AsyncIterable<Uint8Array>,
    recordOf: (sizeBytes: number) => ObjectRecord,
    mayCommit: () => void,
  ): Promise<ObjectRecord>;
  /**
   * Bytes of what `object` answers now. They keep coming when the object is overwritten or deleted meanwhile. The file
   * is held until the stream ends or is destroyed.
   */
  read(bucket: string, key: string, offsetBytes: number, lengthBytes: number): Readable;
  /** Does nothing where there is no such object. */
  remove(bucket: string, key: string): Promise<void>;
  readonly uploads: UploadStore;
}

interface Bucket {
  record: BucketRecord;
  objects: Map<string, ObjectRecord>;
  /** The keys in order; made when asked for, dropped when one comes or goes. */
  sortedKeys?: string[] | undefined;
}

/**
 * Opens the store in `dir`, which is made where it is missing. One process at a time may have it.
 *
 * @throws {FotaError} LOCAL_DIR_INVALID for a file in it that the store did not write
 */
export async function createObjectStore({ dir }: { dir: string }): Promise<ObjectStore> {
  const folders: Folders = {
    buckets: join(dir, "buckets"),
    uploads: join(dir, "uploads"),
    temp: join(dir, "temp"),
  };
  await rm(folders.temp, { recursive: true, force: true });
  for (const path of Object.values(folders)) await mkdir(path, { recursive: true });
  await syncFolder(dir);
  const buckets = await loadBuckets(folders);
  const uploads = await openUploadStore(folders);

  const requireBucket = (name: string): Bucket => {
    const bucket = buckets.get(name);
    if (bucket === undefined) throw noSuchBucket(name);
    return bucket;
  };

  return {
    uploads,
    buckets: () => sortUtf8([...buckets.keys()]).map((name) => requireBucket(name).record),
    bucket: (name) => buckets.get(name)?.record,

    async createBucket(record) {
      if (buckets.has(record.name)) return false;
      const made = tempPath(folders);
      await mkdir(join(made, "objects"), { recursive: true });
      await writeFile(join(made, "bucket.json"), JSON.stringify(record), { flush: true });
      await syncFolder(made);
      if (buckets.has(record.name)) return false;
      renameSync(made, join(folders.buckets, record.name));
      buckets.set(record.name, { record, objects: new Map() });
      await syncFolder(folders.buckets);
      return true;
    },

    async deleteBucket(name) {
      if (requireBucket(name).objects.size > 0) return false;
      const trash = tempPath(folders);
      renameSync(join(folders.buckets, name), trash);
      buckets.delete(name);
      await syncFolder(folders.buckets);
      for (const upload of uploads.list(name)) await uploads.remove(upload.uploadId);
      await rm(trash, { recursive: true, force: true });
      return true;
    },

    object: (bucket, key) => buckets.get(bucket)?.objects.get(key),

    keys(name) {
      const bucket = requireBucket(name);
      bucket.sortedKeys ??= sortUtf8([...bucket.objects.keys()]);
      return bucket.sortedKeys;
    },

    async put(name, bytes, recordOf, mayCommit) {
      requireBucket(name);
      const made = tempPath(folders);
      const record = await writeSealed(made, bytes, recordOf);
      try {
        const bucket = requireBucket(name);
        mayCommit();
        renameSync(made, objectPath(folders, name, record.key));
        if (!bucket.objects.has(record.key)) bucket.sortedKeys = undefined;
        bucket.objects.set(record.key, record);
      } catch (error) {
        await rm(made, { force: true });
        throw error;
      }
      await syncFolder(objectsFolder(folders, name));
      return record;
    },

    read(bucket, key, offsetBytes, lengthBytes) {
      const fd = openSync(objectPath(folders, bucket, key), "r");
      if (lengthBytes === 0) {
        closeSync(fd);
        return Readable.from([]);
      }
      const end = offsetBytes + lengthBytes - 1;
      return createReadStream("", { fd, start: offsetBytes, end, highWaterMark: READ_BYTES });
    },

    async remove(name, key) {
      const bucket = requireBucket(name);
      if (!bucket.objects.has(key)) return;
      unlinkSync(objectPath(folders, name, key));
      bucket.objects.delete(key);
      bucket.sortedKeys = undefined;
      await syncFolder(objectsFolder(folders, name));
    },
  };
}

function objectsFolder(folders: Folders, bucket: string): string {
  return join(folders.buckets, bucket, "objects");
}

function objectPath(folders: Folders, bucket: string, key: string): string {
  return join(objectsFolder(folders, bucket), createHash("sha256").update(key).digest("hex"));
}

async function loadBuckets(folders: Folders): Promise<Map<string, Bucket>> {
  const buckets = new Map<string, Bucket>();
  for (const name of await readdir(folders.buckets)) {
    const record: BucketRecord = JSON.parse(
      await readFile(join(folders.buckets, name, "bucket.json"), "utf8"),
    );
    const objects = new Map<string, ObjectRecord>();
    for (const file of await readdir(objectsFolder(folders, name))) {
      const path = join(objectsFolder(folders, name), file);
      const object = (await readSeal(path)) as ObjectRecord | undefined;
      if (object === undefined) {
        throw new FotaError("LOCAL_DIR_INVALID", `${path} is not a whole object`, {
          hint: "remove that file, or use another folder",
        });
      }
      objects.set(object.key, object);
    }
    buckets.set(name, { record, objects });
  }
  return buckets;
}

/** UTF-16 code units, JavaScript's order, differ from UTF-8's bytes beyond the basic plane. */
function sortUtf8(texts: string[]): string[] {
  return texts
    .map((text) => ({ text, bytes: Buffer.from(text) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ text }) => text);
}
