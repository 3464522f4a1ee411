/**
 * The parts of multipart uploads as files: those of an upload, and those of the object that it became. Each upload has a
 * folder, in which each part is a sealed file that has the part's number as its name. CompleteMultipartUpload copies no
 * bytes: the object's record names the folder. A file in the folder tells which of the two it is:
 *
 * - `upload.json`: the upload is unfinished, unless an object has its parts. Then a crash came between the record of the
 *   object and the renaming of this file.
 * - `completed.json`: the parts are those of an object. If there is none, it was deleted, and a crash left the folder.
 */
import { renameSync } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Folders, syncFolder, tempPath } from "./folders.js";
import { damagedFile } from "./record-file.js";
import type { NewObject, StoredParts } from "./records.js";
import { readSeal, type Seal } from "./sealed-file.js";
import { type FileBytes, StoredBytes } from "./stored-bytes.js";

export const UPLOAD_FILE = "upload.json";
export const COMPLETED_FILE = "completed.json";

export function uploadFolder(folders: Folders, uploadId: string): string {
  return join(folders.uploads, uploadId);
}

export function partPath(folders: Folders, uploadId: string, partNumber: number): string {
  return join(uploadFolder(folders, uploadId), String(partNumber));
}

/**
 * Reads the seal of a part.
 *
 * @throws {FotaError} LOCAL_DIR_INVALID if it is missing, damaged, or has another number or size than its record says
 */
export async function readPartSeal(path: string, partNumber: string): Promise<Seal> {
  const seal = await readSeal(path).catch(() => undefined);
  const record = seal?.record as { partNumber?: unknown; sizeBytes?: unknown } | undefined;
  if (
    seal === undefined ||
    record?.sizeBytes !== seal.sizeBytes ||
    String(record.partNumber) !== partNumber
  ) {
    throw damagedFile(path, "it is not a complete part");
  }
  return seal;
}

/**
 * The objects whose bytes are the parts of an upload. Their files are removed only after the last reader has ended, so that
 * a download goes on if its object is overwritten or deleted.
 */
export class PartFiles {
  readonly #folders: Folders;
  /** How many hold the files of an upload. */
  readonly #holders = new Map<string, number>();
  /** Uploads whose files are removed when nobody holds them any more. */
  readonly #removed = new Set<string>();

  constructor(folders: Folders) {
    this.#folders = folders;
  }

  read(
    { storedParts, partSizesBytes }: PartsOfObject,
    offsetBytes: number,
    lengthBytes: number,
  ): StoredBytes {
    const { uploadId, partNumbers } = storedParts;
    const wanted: FileBytes[] = [];
    let partStart = 0;
    for (const [index, sizeBytes] of partSizesBytes.entries()) {
      const start = Math.max(offsetBytes, partStart);
      const end = Math.min(offsetBytes + lengthBytes, partStart + sizeBytes);
      const file = partPath(this.#folders, uploadId, partNumbers[index] ?? 0);
      if (start < end) wanted.push({ file, offsetBytes: start - partStart, lengthBytes: end - start });
      partStart += sizeBytes;
    }
    return new StoredBytes(wanted, this.hold(uploadId));
  }

  /** Keeps the files of an upload until the returned function is called, once. */
  hold(uploadId: string): () => void {
    this.#holders.set(uploadId, (this.#holders.get(uploadId) ?? 0) + 1);
    return () => {
      const left = (this.#holders.get(uploadId) ?? 1) - 1;
      if (left > 0) {
        this.#holders.set(uploadId, left);
        return;
      }
      this.#holders.delete(uploadId);
      // If it fails, the next start removes them.
      if (this.#removed.delete(uploadId)) void this.remove(uploadId).catch(() => undefined);
    };
  }

  /**
   * Marks an upload as completed and removes the parts that the object does not have. The object's record must be
   * durable. The next start repeats this if it was interrupted.
   */
  async keep({ uploadId, partNumbers }: StoredParts): Promise<void> {
    const folder = uploadFolder(this.#folders, uploadId);
    const kept = new Set([COMPLETED_FILE, ...partNumbers.map(String)]);
    for (const file of await readdir(folder)) {
      if (file === UPLOAD_FILE) await rename(join(folder, file), join(folder, COMPLETED_FILE));
      else if (!kept.has(file)) await rm(join(folder, file));
    }
    await syncFolder(this.#folders, folder);
  }

  /** Removes the parts of an object whose record is durably gone, or those of an upload, as soon as nobody holds them. */
  async remove(uploadId: string): Promise<void> {
    if (this.#holders.has(uploadId)) {
      this.#removed.add(uploadId);
      return;
    }
    const trash = tempPath(this.#folders);
    renameSync(uploadFolder(this.#folders, uploadId), trash);
    await syncFolder(this.#folders, this.#folders.uploads);
    await rm(trash, { recursive: true, force: true });
  }
}

type PartsOfObject = Required<Pick<NewObject, "storedParts" | "partSizesBytes">>;
