/** The files of a journal's folder: names, reading, writing, and what is thrown for them. */
import { type FileHandle, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { FotaError, isFotaError, messageOf } from "@fota/shared";
import { DamagedFile, encodeSnapshot, type JournalId } from "./journal-files.js";

export const SNAPSHOT = "snapshot.json";

/** Writes the new snapshot under a temporary name; the caller renames it. */
export async function writeSnapshot(dir: string, id: JournalId, state: string): Promise<void> {
  const file = await open(`${join(dir, SNAPSHOT)}.new`, "w");
  try {
    await file.writeFile(encodeSnapshot(id, state));
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function removeLeftovers(dir: string, generation: number): Promise<void> {
  for (const journal of await listJournals(dir)) {
    if (journal.generation !== generation) await rm(journal.path);
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
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw unusableState(path, `it cannot be read: ${messageOf(error)}`);
  }
}

/** @throws {FotaError} LOCAL_DIR_INVALID for what `read` throws */
export function wrapDamage<T>(path: string, read: () => T): T {
  try {
    return read();
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
