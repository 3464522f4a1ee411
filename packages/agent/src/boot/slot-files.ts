import { constants, type Stats } from "node:fs";
import { access, open, readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { FotaError } from "@fota/shared";
import { errnoOf } from "./storage-error.js";

/** An image is a program that the launcher executes. */
export const IMAGE_MODE = 0o755;

/**
 * Bytes at the start of a block device without which nothing on it boots: what `erase` fills with zeros. Holds the
 * superblock of every usual file system (that of btrfs is the farthest, at 64 KiB) and the header of any image.
 */
const DEVICE_HEAD_BYTES = 128 * 1024;

/** The unit of the sizes in sysfs, whatever the device's own sectors are (kernel documentation, ABI of sysfs-block). */
const SYSFS_SECTOR_BYTES = 512;

/** The file of a slot: no extension, as any program may be in it. It may be a link to a block device. */
export function slotPath(dir: string, slot: number): string {
  return join(dir, `slot-${slot}`);
}

/** Slots whose file exists. */
export async function slotsIn(dir: string): Promise<number[]> {
  const names = await readdir(dir).catch(() => []);
  return names.flatMap((name) => (/^slot-\d{1,4}$/.test(name) ? [Number(name.slice(5))] : []));
}

/** What of a file system is neither a file nor a block device, in words; `undefined` for those two. */
function oddityOf(found: Stats): string | undefined {
  return found.isFile() || found.isBlockDevice() ? undefined : kindOf(found);
}

/** What something in a file system is, in words: `a folder`. */
export function kindOf(found: Stats): string {
  if (found.isFile()) return "a file";
  if (found.isBlockDevice()) return "a block device";
  if (found.isDirectory()) return "a folder";
  if (found.isFIFO()) return "a FIFO";
  if (found.isSocket()) return "a socket";
  return found.isCharacterDevice() ? "a character device" : "no file";
}

/**
 * Refuses what can hold no image: to open a FIFO waits for its other end, and a character device may have no end.
 * @throws {FotaError} SLOT_ACCESS
 */
export function checkSlotFile(path: string, found: Stats): void {
  const oddity = oddityOf(found);
  if (oddity === undefined) return;
  throw new FotaError("SLOT_ACCESS", `${path} is ${oddity}: a slot is a file or a block device`, {
    hint: "remove it: the next update makes a file in its place",
  });
}

/**
 * Size of the block device at `path`; `undefined` where a plain file is, or one can be made.
 * @throws {FotaError} SLOT_ACCESS for a device that is not there: a file made in its place would be lost at power-off;
 * for what is neither file nor block device
 */
export async function deviceSizeBytes(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(async (error: unknown) => {
    if (errnoOf(error) !== "ENOENT") throw error;
    const target = await readlink(path).catch(() => path);
    if (target.startsWith("/dev/")) throw new FotaError("SLOT_ACCESS", `there is no device ${target}`);
  });
  if (found !== undefined) checkSlotFile(path, found);
  if (!found?.isBlockDevice()) return undefined;
  // stat.size of a device is 0. How a device number holds major and minor: makedev(3).
  const major = (found.rdev >>> 8) & 0xfff;
  const minor = (found.rdev & 0xff) | ((found.rdev >>> 12) & 0xfff00);
  const sectors = await readFile(`/sys/dev/block/${major}:${minor}/size`, "utf8");
  return Number(sectors) * SYSFS_SECTOR_BYTES;
}

/** What `erase` writes to a device of `sizeBytes`. */
export function emptyHead(sizeBytes: number): Uint8Array {
  return new Uint8Array(Math.min(sizeBytes, DEVICE_HEAD_BYTES));
}

/** Whether `path` has something in it that can be executed at all: bytes in a file, no erased head on a device. */
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

/** Returns why nothing at `path` can be executed, as the end of a sentence: `is a folder`. */
export async function whyNotBootable(path: string): Promise<string> {
  try {
    const oddity = oddityOf(await stat(path));
    if (oddity !== undefined) return `is ${oddity}, not an image`;
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
