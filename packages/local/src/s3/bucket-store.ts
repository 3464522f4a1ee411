import { renameSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FolderOwner } from "../folder/folder-identity.js";
import { Bucket } from "./bucket.js";
import { type Folders, syncFolder, tempPath } from "./folders.js";
import { replaceRecord, writeRecord } from "./record-file.js";
import type { BucketRecord } from "./records.js";
import { noSuchBucket } from "./s3-errors.js";
import { compareUtf8 } from "./utf8-order.js";

interface BucketStoreOptions {
  folders: Folders;
  owner: FolderOwner | undefined;
  buckets: Map<string, Bucket>;
}

/** The buckets on disk, each a folder. */
export class BucketStore {
  readonly #folders: Folders;
  readonly #owner: FolderOwner | undefined;
  readonly #buckets: Map<string, Bucket>;

  constructor({ folders, owner, buckets }: BucketStoreOptions) {
    this.#folders = folders;
    this.#owner = owner;
    this.#buckets = buckets;
  }

  find(name: string): Bucket | undefined {
    return this.#buckets.get(name);
  }

  /** @throws {AwsError} NoSuchBucket */
  require(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw noSuchBucket(name);
    return bucket;
  }

  /** Returns all buckets, sorted by name. */
  records(): BucketRecord[] {
    return [...this.#buckets.keys()].sort(compareUtf8).map((name) => this.require(name).record);
  }

  /** Returns false if the bucket exists already. */
  async create(wanted: BucketRecord): Promise<boolean> {
    const folders = this.#folders;
    const record: BucketRecord = {
      ...wanted,
      ...(this.#owner !== undefined && { folder: this.#owner.id }),
    };
    if (this.#buckets.has(record.name)) return false;
    const temporary = tempPath(folders);
    try {
      await mkdir(join(temporary, "objects"), { recursive: true });
      await writeRecord(folders, join(temporary, "bucket.json"), record);
      await syncFolder(folders, temporary);
      if (this.#buckets.has(record.name)) return false;
      renameSync(temporary, join(folders.buckets, record.name));
    } finally {
      await rm(temporary, { recursive: true, force: true }); // exists only after an error, or if another request was faster
    }
    this.#buckets.set(record.name, new Bucket(record));
    await syncFolder(folders, folders.buckets);
    return true;
  }

  /** @throws {AwsError} NoSuchBucket */
  async change(name: string, changes: Partial<Omit<BucketRecord, "name">>): Promise<void> {
    const folders = this.#folders;
    const bucket = this.require(name);
    const record: BucketRecord = { ...bucket.record, ...changes };
    await replaceRecord(folders, join(folders.buckets, name, "bucket.json"), record);
    await syncFolder(folders, join(folders.buckets, name));
    bucket.record = record;
  }

  /**
   * Deletes a bucket. Calls `removeUploads` when the bucket no longer exists. Returns false if it contains any version.
   * @throws {AwsError} NoSuchBucket
   */
  async delete(name: string, removeUploads: () => Promise<void>): Promise<boolean> {
    const folders = this.#folders;
    if (!this.require(name).isEmpty) return false;
    const trash = tempPath(folders);
    renameSync(join(folders.buckets, name), trash);
    this.#buckets.delete(name);
    await syncFolder(folders, folders.buckets);
    await removeUploads();
    await rm(trash, { recursive: true, force: true });
    return true;
  }
}
