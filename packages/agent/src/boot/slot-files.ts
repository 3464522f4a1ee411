import { constants, type Stats } from "node:fs";
import { access, open, readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { FotaError } from "@fota/shared";
import { errnoOf } from "./storage-error.js";

/** Mode of an image: the launcher executes it. */
export const IMAGE_MODE = 0o755;

/**
 * Bytes at the start of a block device that `erase` zeroes, so that nothing on it boots. Covers the superblock of every
 * common file system (btrfs has the last one, at 64 KiB) and the header of any image.
 */
const DEVICE_HEAD_BYTES = 128 * 1024;

/** Unit of sizes in sysfs, independent of the device's sector size (kernel documentation, ABI of sysfs-block). */
const SYSFS_SECTOR_BYTES = 512;

/** Returns the path of a slot: a file, or a link to a block device. */
export function slotPath(dir: string, slot: number): string {
  return join(dir, `slot-${slot}`);
}

/** Lists the slots whose file exists. */
export async function listSlots(dir: string): Promise<number[]> {
  const names = await readdir(dir).catch(() => []);
  return names.flatMap((name) => (/^slot-\d{1,4}$/.test(name) ? [Number(name.slice(5))] : []));
}

/** Returns the kind of an entry that cannot be a slot, such as `a folder`; `undefined` for files and block devices. */
function wrongKindOf(found: Stats): string | undefined {
  return found.isFile() || found.isBlockDevice() ? undefined : kindOf(found);
}

/** Returns the kind of an entry in a file system for messages: `a folder`. */
export function kindOf(found: Stats): string {
  if (found.isFile()) return "a file";
  if (found.isBlockDevice()) return "a block device";
  if (found.isDirectory()) return "a folder";
  if (found.isFIFO()) return "a FIFO";
  if (found.isSocket()) return "a socket";
  return found.isCharacterDevice() ? "a character device" : "of an unknown kind";
}

/**
 * Checks that an entry can hold an image. Opening a FIFO would block, and reading a character device may never end.
 * @throws {FotaError} SLOT_ACCESS if it is neither a file nor a block device
 */
export function checkSlotFile(path: string, found: Stats): void {
  const kind = wrongKindOf(found);
  if (kind === undefined) return;
  throw new FotaError("SLOT_ACCESS", `${path} is ${kind}: a slot must be a file or a block device`, {
    hint: "remove it; the next update creates a file in its place",
  });
}

/** Tells whether `path` names a device, present or not. /dev/shm holds files in memory (shm_overview(7)). */
export function isDevicePath(path: string): boolean {
  return path.startsWith("/dev/") && !path.startsWith("/dev/shm/");
}

/**
 * Returns the file or the block device at `path`; `undefined` if there is nothing yet.
 * @throws {FotaError} SLOT_ACCESS if the device is missing, because a file created in its place would be lost at
 * power-off; or if `path` is neither a file nor a block device
 */
export async function findSlot(path: string): Promise<Stats | undefined> {
  const found = await stat(path).catch(async (error: unknown) => {
    if (errnoOf(error) !== "ENOENT") throw error;
    const target = await readlink(path).catch(() => path);
    if (isDevicePath(target)) throw new FotaError("SLOT_ACCESS", `device ${target} does not exist`);
    return undefined;
  });
  if (found !== undefined) checkSlotFile(path, found);
  return found;
}

/**
 * Returns the size of the block device at `path`; `undefined` if there is a plain file, or nothing yet.
 * @throws {FotaError} SLOT_ACCESS as `findSlot` does
 */
export async function deviceSizeBytes(path: string): Promise<number | undefined> {
  const found = await findSlot(path);
  if (!found?.isBlockDevice()) return undefined;
  // stat.size of a device is 0. The layout of a device number is in makedev(3).
  const major = (found.rdev >>> 8) & 0xfff;
  const minor = (found.rdev & 0xff) | ((found.rdev >>> 12) & 0xfff00);
  const sectors = await readFile(`/sys/dev/block/${major}:${minor}/size`, "utf8");
  return Number(sectors) * SYSFS_SECTOR_BYTES;
}

/** Returns the zeros that `erase` writes to a device of `sizeBytes`. */
export function zeroedHead(sizeBytes: number): Uint8Array {
  return new Uint8Array(Math.min(sizeBytes, DEVICE_HEAD_BYTES));
}

/**
 * Tells whether `path` holds an image: a file that is not empty, or a device whose head is not erased. Never throws.
 */
export async function isBootable(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    if (found.isBlockDevice()) return await hasHead(path);
    await access(path, constants.R_OK);
    return found.isFile() && found.size > 0;
  } catch {
    return false;
  }
}

/** Returns why `path` cannot boot, as the end of a sentence: `is a folder, not an image`. Never throws. */
export async function whyNotBootable(path: string): Promise<string> {
  try {
    const kind = wrongKindOf(await stat(path));
    if (kind !== undefined) return `is ${kind}, not an image`;
    await access(path, constants.R_OK);
    return "holds no image";
  } catch (error) {
    return errnoOf(error) === "ENOENT" ? "holds no image" : `cannot be read (${errnoOf(error)})`;
  }
}

async function hasHead(path: string): Promise<boolean> {
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(DEVICE_HEAD_BYTES), 0, DEVICE_HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead).some((byte) => byte !== 0);
  } finally {
    await handle.close();
  }
}
