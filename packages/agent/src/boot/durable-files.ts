import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { errnoOf } from "./storage-error.js";

/** Makes created, renamed and removed names in `folder` durable. */
export async function syncFolder(folder: string): Promise<void> {
  await withFile(await open(folder, "r"), (handle) => handle.sync());
}

/** Overwrites `path` in place. Durable when it resolves. A power cut may leave the file torn. */
export async function overwriteDurably(path: string, text: string): Promise<void> {
  await withFile(await open(path, "w", 0o644), async (handle) => {
    await handle.writeFile(text);
    await handle.sync();
  });
}

/**
 * Overwrites bytes of an existing file that are within its size, in place. Durable when it resolves. If they are within
 * one sector of the disk, a power cut leaves either all old or all new bytes.
 */
export async function writeInPlace(path: string, offsetBytes: number, bytes: Uint8Array): Promise<void> {
  await withFile(await open(path, "r+"), async (handle) => {
    await handle.write(bytes, 0, bytes.length, offsetBytes);
    await handle.sync();
  });
}

/**
 * Replaces `path` atomically with what `fill` writes: writes a second file, syncs it, and renames it. Durable when it
 * resolves. After a power cut, `path` is either the old file or the complete new one.
 */
export async function replaceDurably(
  folder: string,
  path: string,
  mode: number,
  fill: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const aside = `${path}.new`;
  await rm(aside, { recursive: true, force: true }); // a power cut may have left it
  await withFile(await open(aside, "w", mode), async (handle) => {
    await fill(handle);
    await handle.chmod(mode); // open() applies the umask
    await handle.sync();
  });
  await rename(aside, path);
  await syncFolder(folder);
}

/**
 * Renames `path` to `<path>.bad` if it cannot be overwritten: because it is a folder, or a file with bad blocks, which
 * must stay allocated. Keeps only the newest. Does nothing if `path` does not exist.
 */
export async function setAside(path: string): Promise<void> {
  await rm(`${path}.bad`, { recursive: true, force: true });
  try {
    await rename(path, `${path}.bad`);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

async function withFile<T>(handle: FileHandle, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}
