/** Multipart uploads on disk: each has a folder with its record and its parts. */
import { randomBytes } from "node:crypto";
import { createReadStream, renameSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Checksum, ChecksumAlgorithm, ChecksumType } from "./checksums.js";
import { type Folders, syncFolder, tempPath } from "./folders.js";
import { damagedFile, readRecord, upgradeSeal, writeRecord } from "./record-file.js";
import type { ObjectAttributes } from "./records.js";
import { noSuchUpload } from "./s3-errors.js";
import { type FileBytes, readSeal, writeSealed } from "./sealed-file.js";

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
  readPart(uploadId: string, part: PartRecord): AsyncIterable<Buffer>;
  /** Returns the file with the bytes of a part. */
  partFile(uploadId: string, part: PartRecord): FileBytes;
  /** Removes an upload; does nothing if it does not exist. */
  remove(uploadId: string): Promise<void>;
}

interface Upload {
  record: UploadRecord;
  parts: Map<number, PartRecord>;
}

export async function openUploadStore(folders: Folders): Promise<UploadStore> {
  const uploads = await loadUploads(folders);
  const folderOf = (uploadId: string) => join(folders.uploads, uploadId);

  const partFile = (uploadId: string, { partNumber, sizeBytes }: PartRecord): FileBytes => ({
    path: join(folderOf(uploadId), String(partNumber)),
    sizeBytes,
  });

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
        await writeRecord(folders, join(temporary, "upload.json"), record);
        await syncFolder(folders, temporary);
        renameSync(temporary, folderOf(record.uploadId));
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
        renameSync(temporary, join(folderOf(uploadId), String(part.partNumber)));
        upload.parts.set(part.partNumber, part);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      await syncFolder(folders, folderOf(uploadId));
      return part;
    },

    partFile,

    async *readPart(uploadId, part) {
      if (part.sizeBytes === 0) return;
      const { path } = partFile(uploadId, part);
      yield* createReadStream(path, { end: part.sizeBytes - 1, highWaterMark: 1024 * 1024 });
    },

    async remove(uploadId) {
      if (!uploads.delete(uploadId)) return;
      const trash = tempPath(folders);
      renameSync(folderOf(uploadId), trash);
      await syncFolder(folders, folders.uploads);
      await rm(trash, { recursive: true, force: true });
    },
  };
}

async function loadUploads(folders: Folders): Promise<Map<string, Upload>> {
  const uploads = new Map<string, Upload>();
  for (const uploadId of await readdir(folders.uploads)) {
    const folder = join(folders.uploads, uploadId);
    const path = join(folder, "upload.json");
    const record = await readRecord<UploadRecord>(folders, path, uploadId, (upload) => upload.uploadId);
    const parts = new Map<number, PartRecord>();
    for (const file of await readdir(folder)) {
      if (file === "upload.json") continue;
      const seal = await readSeal(join(folder, file));
      const part = seal?.record as PartRecord | undefined;
      if (seal === undefined || part?.sizeBytes !== seal.sizeBytes || String(part.partNumber) !== file) {
        throw damagedFile(join(folder, file), "it is not a complete part");
      }
      if (seal.isUnchecked) await upgradeSeal(folders, join(folder, file), seal);
      parts.set(part.partNumber, part);
    }
    uploads.set(uploadId, { record, parts });
  }
  return uploads;
}
