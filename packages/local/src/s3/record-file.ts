/** Small files that hold one record with its checksum. */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { FotaError, messageOf } from "@fota/shared";
import { type Folders, tempPath } from "./folders.js";
import { reseal, type Seal } from "./sealed-file.js";

/** Writes the new file `path`. The caller makes its name durable. */
export async function writeRecord({ durable }: Folders, path: string, record: object): Promise<void> {
  const text = JSON.stringify(record);
  await writeFile(path, `{"crc32":${crc32(text)},"record":${text}}`, { flush: durable });
}

/** Puts `record` in the place of what `path` holds. The caller makes its name durable. */
export async function replaceRecord(folders: Folders, path: string, record: object): Promise<void> {
  const made = tempPath(folders);
  try {
    await writeRecord(folders, made, record);
    await rename(made, path);
  } catch (error) {
    await rm(made, { force: true });
    throw error;
  }
}

/**
 * The record of a file that `writeRecord` wrote, or the first release, which wrote the record alone; that one is written
 * anew. `nameOf` gives what the file is named after.
 *
 * @throws {FotaError} LOCAL_DIR_INVALID where it is missing, damaged or under another name
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
  if (nameOf(record) !== name) throw damagedFile(path, `it is not that of ${name}`);
  if (isUnchecked) await replaceRecord(folders, path, record).catch(() => undefined); // the next start tries again
  return record;
}

/** Gives an object or a part of the first release a seal that can be checked. Where that fails, it stays as it is. */
export async function sealAnew(folders: Folders, path: string, { record, sizeBytes }: Seal): Promise<void> {
  const made = tempPath(folders);
  try {
    await reseal(path, made, sizeBytes, record, folders.durable);
    await rename(made, path);
  } catch {
    await rm(made, { force: true });
  }
}

export function damagedFile(path: string, why: string): FotaError {
  return new FotaError("LOCAL_DIR_INVALID", `${path} is not usable: ${why}`, {
    hint: "restore that file from a copy, or remove it to go on without what it holds; or start with another --dir",
  });
}
