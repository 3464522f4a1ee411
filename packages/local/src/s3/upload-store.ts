/** Multipart uploads on disk: each has a folder with its record and its parts. */
import { randomBytes } from "node:crypto";
import { renameSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Checksum, ChecksumAlgorithm, ChecksumType } from "./checksums.js";
import { type Folders, syncFolder, tempPath } from "./folders.js";
import {
  COMPLETED_FILE,
  type PartFiles,
  partPath,
  readPartSeal,
  UPLOAD_FILE,
  uploadFolder,
} from "./part-files.js";
import { readRecord, upgradeSeal, writeRecord } from "./record-file.js";
import type { ObjectAttributes, StoredParts } from "./records.js";
import { noSuchUpload } from "./s3-errors.js";
import { writeSealed } from "./sealed-file.js";
import { StoredBytes } from "./stored-bytes.js";

export interface UploadRecord extends ObjectAttributes {
  uploadId: string;
  bucket: string;
  key: string;
  createdMs: number;
  algorithm: ChecksumAlgorithm;
  checksumType: ChecksumType;
  /** Whether the uploader chose the algorithm; if not, it is S3's default. */
  algorithmChosen: boolean;
  /** Sequence number of the key's object when the upload began; `null` if there was none, absent if unknown. */
  objectAtStart?: number | null;
}

export interface PartRecord {
  partNumber: number;
  sizeBytes: number;
  /** MD5, hex. */
  etag: string;
  checksum: Checksum;
  modifiedMs: number;
}

export interface UploadStore {
  create(record: Omit<UploadRecord, "uploadId">): Promise<UploadRecord>;
  upload(uploadId: string): UploadRecord | undefined;
  /** Returns the uploads of a bucket. */
  list(bucket: string): UploadRecord[];
  /** Returns the parts of an upload, sorted by number. */
  parts(uploadId: string): PartRecord[];
  /**
   * Stores a part; replaces one with the same number.
   *
   * @throws {AwsError} NoSuchUpload
   */
  putPart(
    uploadId: string,
    bytes: AsyncIterable<Uint8Array>,
    makeRecord: (sizeBytes: number) => PartRecord,
  ): Promise<PartRecord>;
  /** Reads the bytes of parts, one after the other. */
  read(uploadId: string, parts: readonly PartRecord[]): AsyncIterable<Buffer>;
  /** Ends an upload whose parts are those of an object from now on. */
  release(uploadId: string): void;
  /** Removes an upload; does nothing if it does not exist. */
  remove(uploadId: string): Promise<void>;
}

interface Upload {
  record: UploadRecord;
  parts: Map<number, PartRecord>;
}

/** Opens the uploads. `completed` are those whose parts belong to an object, by id. */
export async function openUploadStore(
  folders: Folders,
  files: PartFiles,
  completed: ReadonlyMap<string, StoredParts>,
): Promise<UploadStore> {
  const uploads = await loadUploads(folders, files, completed);

  const requireUpload = (uploadId: string): Upload => {
    const upload = uploads.get(uploadId);
    if (upload === undefined) throw noSuchUpload(uploadId);
    return upload;
  };

  return {
    async create(attributes) {
      const record: UploadRecord = { ...attributes, uploadId: randomBytes(32).toString("base64url") };
      const temporary = tempPath(folders);
      try {
        await mkdir(temporary);
        await writeRecord(folders, join(temporary, UPLOAD_FILE), record);
        await syncFolder(folders, temporary);
        renameSync(temporary, uploadFolder(folders, record.uploadId));
      } finally {
        await rm(temporary, { recursive: true, force: true }); // exists only after an error
      }
      uploads.set(record.uploadId, { record, parts: new Map() });
      await syncFolder(folders, folders.uploads);
      return record;
    },

    upload: (uploadId) => uploads.get(uploadId)?.record,
    list: (bucket) =>
      [...uploads.values()].map(({ record }) => record).filter((record) => record.bucket === bucket),
    parts: (uploadId) =>
      [...requireUpload(uploadId).parts.values()].sort((a, b) => a.partNumber - b.partNumber),

    async putPart(uploadId, bytes, makeRecord) {
      requireUpload(uploadId);
      const temporary = tempPath(folders);
      const part = await writeSealed(temporary, bytes, makeRecord, folders.durable);
      try {
        const upload = requireUpload(uploadId);
        renameSync(temporary, partPath(folders, uploadId, part.partNumber));
        upload.parts.set(part.partNumber, part);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      await syncFolder(folders, uploadFolder(folders, uploadId));
      return part;
    },

    read(uploadId, parts) {
      const fileOf = ({ partNumber }: PartRecord) => partPath(folders, uploadId, partNumber);
      return new StoredBytes(
        parts.map((part) => ({ file: fileOf(part), offsetBytes: 0, lengthBytes: part.sizeBytes })),
      );
    },

    release(uploadId) {
      uploads.delete(uploadId);
    },

    async remove(uploadId) {
      if (uploads.delete(uploadId)) await files.remove(uploadId);
    },
  };
}

async function loadUploads(
  folders: Folders,
  files: PartFiles,
  completed: ReadonlyMap<string, StoredParts>,
): Promise<Map<string, Upload>> {
  const uploads = new Map<string, Upload>();
  for (const uploadId of await readdir(folders.uploads)) {
    const folder = uploadFolder(folders, uploadId);
    const names = await readdir(folder);
    const owned = completed.get(uploadId);
    if (owned !== undefined) {
      await files.keep(owned);
      continue;
    }
    if (names.includes(COMPLETED_FILE)) {
      await files.remove(uploadId); // of an object that was deleted
      continue;
    }
    const path = join(folder, UPLOAD_FILE);
    const record = await readRecord<UploadRecord>(folders, path, uploadId, (upload) => upload.uploadId);
    const parts = new Map<number, PartRecord>();
    for (const file of names) {
      if (file === UPLOAD_FILE) continue;
      const seal = await readPartSeal(join(folder, file), file);
      const part = seal.record as PartRecord;
      if (seal.isUnchecked) await upgradeSeal(folders, join(folder, file), seal);
      parts.set(part.partNumber, part);
    }
    uploads.set(uploadId, { record, parts });
  }
  return uploads;
}
