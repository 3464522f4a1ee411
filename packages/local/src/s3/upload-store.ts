/** Multipart uploads on disk: a folder for each with its record and its parts. */
import { randomBytes } from "node:crypto";
import { createReadStream, renameSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Checksum, ChecksumAlgorithm, ChecksumType } from "./checksums.js";
import { type Folders, syncFolder, tempPath } from "./folders.js";
import { damagedFile, readRecord, sealAnew, writeRecord } from "./record-file.js";
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
  /** The uploader chose the algorithm; else it is S3's default. */
  algorithmChosen: boolean;
  /** Sequence number of the object that the key had when it began; `null`: it had none. Absent: not known. */
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
  /** Those of one bucket. */
  list(bucket: string): UploadRecord[];
  /** By number. */
  parts(uploadId: string): PartRecord[];
  /**
   * Stores a part, in place of one with the same number.
   *
   * @throws {AwsError} NoSuchUpload
   */
  putPart(
    uploadId: string,
    bytes: AsyncIterable<Uint8Array>,
    recordOf: (sizeBytes: number) => PartRecord,
  ): Promise<PartRecord>;
  readPart(uploadId: string, part: PartRecord): AsyncIterable<Buffer>;
  /** Where the bytes of a part are. */
  partFile(uploadId: string, part: PartRecord): FileBytes;
  /** Does nothing where there is no such upload. */
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
      const made = tempPath(folders);
      try {
        await mkdir(made);
        await writeRecord(folders, join(made, "upload.json"), record);
        await syncFolder(folders, made);
        renameSync(made, folderOf(record.uploadId));
      } finally {
        await rm(made, { recursive: true, force: true }); // what a full disk left of it
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

    async putPart(uploadId, bytes, recordOf) {
      requireUpload(uploadId);
      const made = tempPath(folders);
      const part = await writeSealed(made, bytes, recordOf, folders.durable);
      try {
        const upload = requireUpload(uploadId);
        renameSync(made, join(folderOf(uploadId), String(part.partNumber)));
        upload.parts.set(part.partNumber, part);
      } catch (error) {
        await rm(made, { force: true });
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
        throw damagedFile(join(folder, file), "it is not a whole part");
      }
      if (seal.isUnchecked) await sealAnew(folders, join(folder, file), seal);
      parts.set(part.partNumber, part);
    }
    uploads.set(uploadId, { record, parts });
  }
  return uploads;
}
