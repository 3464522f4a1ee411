import { randomBytes } from "node:crypto";
import { openSync, renameSync, unlinkSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import type { BucketStore } from "./bucket-store.js";
import { type Folders, syncFolder, tempPath } from "./folders.js";
import { objectsFolder, versionPath } from "./load-buckets.js";
import type { PartFiles } from "./part-files.js";
import {
  type DeleteMarker,
  isDeleteMarker,
  type NewObject,
  type ObjectRecord,
  ownBytesOf,
  type VersionRecord,
  versionIdOf,
} from "./records.js";
import { reseal, writeSealed } from "./sealed-file.js";
import { StoredBytes } from "./stored-bytes.js";

interface VersionStoreOptions {
  folders: Folders;
  buckets: BucketStore;
  /** The bytes of objects that are the parts of an upload. */
  parts: PartFiles;
  /** The highest sequence number of all versions so far. */
  lastSequence: number;
}

/** The versions of objects on disk, each a sealed file. `ObjectStore` describes the methods. */
export class VersionStore {
  readonly #folders: Folders;
  readonly #buckets: BucketStore;
  readonly #parts: PartFiles;
  #lastSequence: number;

  constructor({ folders, buckets, parts, lastSequence }: VersionStoreOptions) {
    this.#folders = folders;
    this.#buckets = buckets;
    this.#parts = parts;
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
    bytes: AsyncIterable<Uint8Array>,
    makeRecord: (sizeBytes: number) => NewObject,
    checkBeforeCommit: () => void,
    onCommit?: () => void,
  ): Promise<ObjectRecord> {
    this.#buckets.require(name);
    const temporary = tempPath(this.#folders);
    const makeVersion = (sizeBytes: number) => ({ ...makeRecord(sizeBytes), ...this.#nextVersion(name) });
    const record = await writeSealed(temporary, bytes, makeVersion, this.#folders.durable);
    await this.#commit(name, temporary, record, checkBeforeCommit, onCommit);
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

  read(name: string, object: ObjectRecord, offsetBytes: number, lengthBytes: number): StoredBytes {
    const { storedParts, partSizesBytes = [] } = object;
    if (storedParts !== undefined) {
      return this.#parts.read({ storedParts, partSizesBytes }, offsetBytes, lengthBytes);
    }
    const file = openSync(versionPath(this.#folders, name, object), "r");
    return new StoredBytes([{ file, offsetBytes, lengthBytes }]);
  }

  async setTags(name: string, object: ObjectRecord, tags: Record<string, string>): Promise<void> {
    const folders = this.#folders;
    const temporary = tempPath(folders);
    const record: ObjectRecord = { ...object, tags };
    const from = versionPath(folders, name, object);
    await reseal(from, temporary, ownBytesOf(object), record, folders.durable);
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
    await this.#removeParts(record);
    return record;
  }

  #nextVersion(name: string): { sequence: number; versionId?: string } {
    this.#lastSequence += 1;
    const sequence = this.#lastSequence;
    const keepsAll = this.#buckets.require(name).record.versioning === "Enabled";
    return { sequence, ...(keepsAll && { versionId: randomBytes(24).toString("base64url") }) };
  }

  /** Moves the sealed file `temporary` to its place as a version, then calls `onCommit`. */
  async #commit(
    name: string,
    temporary: string,
    record: VersionRecord,
    checkBeforeCommit: () => void,
    onCommit?: () => void,
  ): Promise<void> {
    const folders = this.#folders;
    let replaced: VersionRecord | undefined;
    try {
      const bucket = this.#buckets.require(name);
      checkBeforeCommit();
      renameSync(temporary, versionPath(folders, name, record));
      replaced = this.find(name, record.key, versionIdOf(record));
      bucket.add(record);
      onCommit?.();
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(folders, objectsFolder(folders, name));
    if (replaced !== undefined && uploadOf(replaced) !== uploadOf(record)) await this.#removeParts(replaced);
  }

  /** Removes the parts of a version that is durably gone, if it has any. */
  async #removeParts(record: VersionRecord): Promise<void> {
    const uploadId = uploadOf(record);
    if (uploadId !== undefined) await this.#parts.remove(uploadId);
  }
}

function uploadOf(record: VersionRecord): string | undefined {
  return isDeleteMarker(record) ? undefined : record.storedParts?.uploadId;
}
