import type { Hash } from "node:crypto";
import { constants, type StatsFs } from "node:fs";
import { type FileHandle, open, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { FotaError } from "@fota/shared";
import { syncFolder } from "../boot/durable-files.js";
import { hashFile } from "../boot/hash-file.js";
import { checkSlotFile, IMAGE_MODE } from "../boot/slot-files.js";
import { errnoOf } from "../boot/storage-error.js";

/** Writes all bytes. One write may write fewer (write(2)). */
export async function writeAll(handle: FileHandle, offsetBytes: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, offsetBytes + done);
    done += bytesWritten;
  }
}

/** Opens a block device for writing. With O_EXCL it fails with EBUSY if the device is mounted or in use (open(2)). */
export function openDevice(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDWR | constants.O_EXCL);
}

/** Overwrites the first bytes of a block device, durably. */
export async function eraseHead(path: string, head: Uint8Array): Promise<void> {
  const handle = await openDevice(path);
  try {
    await writeAll(handle, 0, head);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates a file or empties it, durably. */
export async function emptyFile(path: string): Promise<void> {
  const handle = await open(path, "w", IMAGE_MODE);
  try {
    await handle.chmod(IMAGE_MODE); // open() applies the umask
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolder(dirname(path));
}

/** Checks the free space before the download, so that the disk does not run full near its end. */
export async function checkSpace(path: string, sizeBytes: number): Promise<void> {
  const [disk, old] = await Promise.all([statfs(dirname(path)), stat(path).catch(() => undefined)]);
  checkFree(disk, old?.size ?? 0, sizeBytes, path);
}

/**
 * Checks that `sizeBytes` fit, of which the file at `path` has `oldBytes` already.
 * @throws {FotaError} SLOT_ACCESS
 */
export function checkFree(
  { bavail, bsize }: Pick<StatsFs, "bavail" | "bsize">,
  oldBytes: number,
  sizeBytes: number,
  path: string,
): void {
  const freeBytes = bavail * bsize + oldBytes;
  if (freeBytes >= sizeBytes) return;
  const needed = `the image needs ${sizeBytes} bytes in ${dirname(path)}, ${freeBytes} are free`;
  throw new FotaError("SLOT_ACCESS", needed, {
    hint: "free space on the disk that holds this folder",
  });
}

/** Passes the first `sizeBytes` bytes of a slot to `hashes`. A missing file counts as empty. */
export async function hashSlot(path: string, sizeBytes: number, hashes: readonly Hash[]): Promise<void> {
  const handle = await openToRead(path);
  if (handle === undefined) return;
  try {
    await hashFile(handle, sizeBytes, hashes);
  } finally {
    await handle.close();
  }
}

/** Opens a slot; returns `undefined` if its file does not exist. */
export async function openToRead(path: string): Promise<FileHandle | undefined> {
  try {
    checkSlotFile(path, await stat(path));
    return await open(path, "r");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
