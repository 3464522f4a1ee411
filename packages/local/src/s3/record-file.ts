/** Small files that contain one record with its checksum. */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { FotaError, messageOf } from "@fota/shared";
import { type Folders, tempPath } from "./folders.js";
import { reseal, type Seal } from "./sealed-file.js";

/** Writes a record to the new file `path`. The caller must make its name durable. */
export async function writeRecord({ durable }: Folders, path: string, record: object): Promise<void> {
  const text = JSON.stringify(record);
  await writeFile(path, `{"crc32":${crc32(text)},"record":${text}}`, { flush: durable });
}

/** Replaces the record in `path`. The caller must make its name durable. */
export async function replaceRecord(folders: Folders, path: string, record: object): Promise<void> {
  const temporary = tempPath(folders);
  try {
    await writeRecord(folders, temporary, record);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Reads a record that `writeRecord` wrote. A file of the first release, which has no checksum, is replaced by one with a
 * checksum. `nameOf` returns the name that the file or its folder must have.
 *
 * @throws {FotaError} LOCAL_DIR_INVALID if the file is missing, damaged or has another name
 */
export async function readRecord<T extends object>(
  folders: Folders,
  path: string,
  name: string,
  nameOf: (record: Partial<T>) => unknown,
): Promise<T> {
  let found: { crc32?: unknown; record?: unknown } & Partial<T>;
  try {
    found = Object(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    throw damagedFile(path, error instanceof SyntaxError ? "it is not JSON" : messageOf(error));
  }
  const isUnchecked = !("crc32" in found) && !("record" in found);
  const record = (isUnchecked ? found : Object(found.record)) as T;
  if (!isUnchecked && found.crc32 !== crc32(JSON.stringify(record))) {
    throw damagedFile(path, "its checksum does not match");
  }
  if (nameOf(record) !== name) throw damagedFile(path, `it does not belong to ${name}`);
  if (isUnchecked) await replaceRecord(folders, path, record).catch(() => undefined); // the next start tries again
  return record;
}

/**
 * Replaces the seal of an object or part of the first release with one that can be checked. If that fails, it stays.
 */
export async function upgradeSeal(
  folders: Folders,
  path: string,
  { record, sizeBytes }: Seal,
): Promise<void> {
  const temporary = tempPath(folders);
  try {
    await reseal(path, temporary, sizeBytes, record, folders.durable);
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true });
  }
}

export function damagedFile(path: string, why: string): FotaError {
  return new FotaError("LOCAL_DIR_INVALID", `${path} is not usable: ${why}`, {
    hint: "restore that file from a backup, remove it to continue without its content, or start with another --dir",
  });
}
