import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { errnoOf } from "./storage-error.js";

/** Makes a created, renamed or removed name in `folder` survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  await withFile(await open(folder, "r"), (handle) => handle.sync());
}

/** Overwrites `path` in place; durable when it resolves. A power cut may leave it torn. */
export async function overwriteDurably(path: string, text: string): Promise<void> {
  await withFile(await open(path, "w", 0o644), async (handle) => {
    await handle.writeFile(text);
    await handle.sync();
  });
}

/**
 * Puts in place of `path` what `fill` writes, all or nothing: aside, fsync, rename, fsync of the folder. After a power
 * cut `path` is either as before or complete.
 */
export async function replaceDurably(
  folder: string,
  path: string,
  mode: number,
  fill: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const aside = `${path}.new`;
  await rm(aside, { recursive: true, force: true }); // left by a power cut, or not a file at all
  await withFile(await open(aside, "w", mode), async (handle) => {
    await fill(handle);
    await handle.chmod(mode); // open() leaves out what the umask forbids
    await handle.sync();
  });
  await rename(aside, path);
  await syncFolder(folder);
}

/**
 * Frees the name `path` of something that cannot be overwritten: a folder, or a file with bad blocks, which stay in use
 * under the name `<path>.bad`. Only the newest is kept.
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
