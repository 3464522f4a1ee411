import { randomBytes } from "node:crypto";
import { closeSync, createReadStream, openSync, renameSync, unlinkSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import type { BucketStore } from "./bucket-store.js";
import { type Folders, syncFolder, tempPath } from "./folders.js";
import { objectsFolder, versionPath } from "./load-buckets.js";
import {
  type DeleteMarker,
  type NewObject,
  type ObjectRecord,
  type VersionRecord,
  versionIdOf,
} from "./records.js";
import { type ByteSource, reseal, writeSealed } from "./sealed-file.js";

/** Bytes per read: with 64 KiB, the reads would be slower than the network. */
const READ_BYTES = 1024 * 1024;

interface VersionStoreOptions {
  folders: Folders;
  buckets: BucketStore;
  /** The highest sequence number of all versions so far. */
  lastSequence: number;
}

/** The versions of objects on disk, each a sealed file. `ObjectStore` describes the methods. */
export class VersionStore {
  readonly #folders: Folders;
  readonly #buckets: BucketStore;
  #lastSequence: number;

  constructor({ folders, buckets, lastSequence }: VersionStoreOptions) {
    this.#folders = folders;
    this.#buckets = buckets;
    this.#lastSequence = lastSequence;
  }

  /** Returns the versions of a key, newest first; none if there is no such bucket. */
  list(name: string, key: string): readonly VersionRecord[] {
    return this.#buckets.find(name)?.versions(key) ?? [];
  }

  find(name: string, key: string, versionId: string): VersionRecord | undefined {
    return this.list(name, key).find((each) => versionIdOf(each) === versionId);
  }

  async put(
    name: string,
    bytes: ByteSource,
    makeRecord: (sizeBytes: number) => NewObject,
    checkBeforeCommit: () => void,
  ): Promise<ObjectRecord> {
    this.#buckets.require(name);
    const temporary = tempPath(this.#folders);
    const makeVersion = (sizeBytes: number) => ({ ...makeRecord(sizeBytes), ...this.#nextVersion(name) });
    const record = await writeSealed(temporary, bytes, makeVersion, this.#folders.durable);
    await this.#commit(name, temporary, record, checkBeforeCommit);
    return record;
  }

  async putDeleteMarker(
    name: string,
    key: string,
    modifiedMs: number,
    checkBeforeCommit: () => void,
  ): Promise<DeleteMarker> {
    const temporary = tempPath(this.#folders);
    const marker: DeleteMarker = { key, modifiedMs, isDeleteMarker: true, ...this.#nextVersion(name) };
    await writeSealed(temporary, Readable.from([]), () => marker, this.#folders.durable);
    await this.#commit(name, temporary, marker, checkBeforeCommit);
    return marker;
  }

  read(name: string, object: ObjectRecord, offsetBytes: number, lengthBytes: number): Readable {
    const fd = openSync(versionPath(this.#folders, name, object), "r");
    if (lengthBytes === 0) {
      closeSync(fd);
      return Readable.from([]);
    }
    const end = offsetBytes + lengthBytes - 1;
    return createReadStream("", { fd, start: offsetBytes, end, highWaterMark: READ_BYTES });
  }

  async setTags(name: string, object: ObjectRecord, tags: Record<string, string>): Promise<void> {
    const folders = this.#folders;
    const temporary = tempPath(folders);
    const record: ObjectRecord = { ...object, tags };
    await reseal(versionPath(folders, name, object), temporary, object.sizeBytes, record, folders.durable);
    const isStillThere = this.list(name, object.key).includes(object);
    if (isStillThere) await this.#commit(name, temporary, record, () => undefined);
    else await rm(temporary, { force: true });
  }

  async remove(name: string, key: string, versionId: string): Promise<VersionRecord | undefined> {
    const folders = this.#folders;
    const bucket = this.#buckets.require(name);
    const record = this.find(name, key, versionId);
    if (record === undefined) return undefined;
    unlinkSync(versionPath(folders, name, record));
    bucket.remove(record);
    await syncFolder(folders, objectsFolder(folders, name));
    return record;
  }

  #nextVersion(name: string): { sequence: number; versionId?: string } {
    this.#lastSequence += 1;
    const sequence = this.#lastSequence;
    const keepsAll = this.#buckets.require(name).record.versioning === "Enabled";
    return { sequence, ...(keepsAll && { versionId: randomBytes(24).toString("base64url") }) };
  }

  /** Moves the sealed file `temporary` to its place as a version. */
  async #commit(
    name: string,
    temporary: string,
    record: VersionRecord,
    checkBeforeCommit: () => void,
  ): Promise<void> {
    const folders = this.#folders;
    try {
      const bucket = this.#buckets.require(name);
      checkBeforeCommit();
      renameSync(temporary, versionPath(folders, name, record));
      bucket.add(record);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(folders, objectsFolder(folders, name));
  }
}
