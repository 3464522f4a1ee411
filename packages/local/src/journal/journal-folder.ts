/** The files of a journal's folder: names, reading, writing, and what is thrown for them. */
import { type FileHandle, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { FotaError, isFotaError, messageOf } from "@fota/shared";
import { DamagedFile, LaterFormat } from "./journal-files.js";

export const SNAPSHOT = "snapshot.json";

/** Path of a snapshot that is being written. */
export function newSnapshotPath(dir: string): string {
  return `${join(dir, SNAPSHOT)}.new`;
}

/** Makes what was created, renamed and removed in a folder survive a power cut. */
export async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Removes the journals outside of these generations, which no snapshot needs. */
export async function removeLeftovers(dir: string, first: number, last: number): Promise<void> {
  for (const { path, generation } of await listJournals(dir)) {
    if (generation < first || generation > last) await rm(path);
  }
}

export async function listJournals(dir: string): Promise<{ path: string; generation: number }[]> {
  return (await readdir(dir)).flatMap((name) => {
    const digits = /^journal-(\d+)\.ndjson$/.exec(name)?.[1];
    return digits === undefined ? [] : [{ path: join(dir, name), generation: Number(digits) }];
  });
}

export function journalPath(dir: string, generation: number): string {
  return join(dir, `journal-${generation}.ndjson`);
}

/** Writes all bytes, or rejects. */
export async function writeAt(file: FileHandle, bytes: Buffer, offsetBytes: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offsetBytes + done);
    if (bytesWritten === 0) throw new Error("nothing was written: is the disk full?");
    done += bytesWritten;
  }
}

/** @throws {FotaError} LOCAL_DIR_INVALID */
export async function readIfExists(path: string): Promise<Buffer | undefined> {
  return await withFile(path, (file) => file.readFile());
}

/**
 * Opens a file for reading, and closes it after `read`. Returns `undefined` if it does not exist.
 * @throws {FotaError} LOCAL_DIR_INVALID
 */
export async function withFile<T>(
  path: string,
  read: (file: FileHandle) => Promise<T>,
): Promise<T | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    return await read(file);
  } catch (error) {
    if (isFotaError(error)) throw error;
    if (error instanceof LaterFormat) throw laterState(path, error.message);
    if (error instanceof DamagedFile) throw unusableState(path, error.message);
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw unusableState(path, `it cannot be read: ${messageOf(error)}`);
  } finally {
    await file?.close();
  }
}

/** @throws {FotaError} LOCAL_DIR_INVALID for what `read` throws or rejects with */
export async function wrapDamage<T>(path: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (isFotaError(error)) throw error;
    if (error instanceof DamagedFile) throw unusableState(path, error.message);
    throw unusableState(path, `it cannot be replayed: ${messageOf(error)}`);
  }
}

export function unusableState(path: string, why: string): FotaError {
  return new FotaError("LOCAL_DIR_INVALID", `the state in ${path} is not usable: ${why}`, {
    hint: "restore the folder of this file from a backup, or start with another --dir; to start empty, remove the folder",
  });
}

function laterState(path: string, why: string): FotaError {
  return new FotaError("LOCAL_DIR_INVALID", `the state in ${path} is not usable: ${why}`, {
    hint: "install the release that wrote it, or a later one, or start with another --dir",
  });
}

export function unwritableFolder(dir: string, cause: unknown): FotaError {
  return new FotaError("LOCAL_DIR_INVALID", `the state in ${dir} cannot be written: ${messageOf(cause)}`, {
    hint: "free disk space and give this user write permission, or start with another --dir",
    cause,
  });
}

export function isDiskFull(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && ["ENOSPC", "EDQUOT", "EFBIG"].includes(String(error.code))
  );
}
