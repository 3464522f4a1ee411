import { lstat, rm, stat, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf, storageError } from "../../boot/storage-error.js";
import type { Config } from "../config/schema.js";
import { type Finding, fail, failed, ok, warn } from "./finding.js";

/** The saved state and its copy need far less. */
const STATE_NEEDS_BYTES = 1024 * 1024;

/** Types of file systems that are in memory (statfs(2)): tmpfs and ramfs. */
const IN_MEMORY: readonly number[] = [0x01021994, 0x858458f6];

/**
 * Checks that the state folder can be written or made, has room, and is there after a restart, whichever slot then runs.
 * Leaves nothing behind.
 */
export async function checkStateFolder({ stateDir, slots }: Config): Promise<Finding> {
  let folder = stateDir;
  try {
    folder = await probeFolder(stateDir);
  } catch (error) {
    return failed(
      "state folder",
      storageError("STATE_ACCESS", "cannot write to the state folder", stateDir, error),
    );
  }
  const freeBytes = await freeBytesIn(folder);
  if (freeBytes < STATE_NEEDS_BYTES) {
    return fail("state folder", `${stateDir} has only ${sizeText(freeBytes)} free`, "free space on its disk");
  }
  const slot = await slotOf(folder, "paths" in slots ? slots.paths : []);
  if (slot !== undefined) {
    return fail(
      "state folder",
      `${stateDir} is in slot ${slot}: the image in another slot does not see it`,
      "set stateDir to a folder on a partition that is not a slot",
    );
  }
  if (IN_MEMORY.includes((await statfs(folder)).type)) {
    return warn(
      "state folder",
      `${stateDir} is in memory: a restart of the device loses it, and the report of an update with it`,
      "set stateDir to a folder on a disk",
    );
  }
  const missing = folder === stateDir ? "" : " does not exist yet: `fota-agent run` makes it";
  return ok("state folder", `${stateDir}${missing}, ${sizeText(freeBytes)} free`);
}

/**
 * Checks that the folder `path` can be written or, if it is missing, made. Returns it, or the folder above it that exists.
 * Leaves nothing behind. Rejects with the error of the system call.
 */
export async function probeFolder(path: string): Promise<string> {
  const folder = await existingPart(path);
  await probe(folder);
  return folder;
}

/** Returns `path`, or the folder above it that exists. A link that leads nowhere exists. */
async function existingPart(path: string): Promise<string> {
  const found = await lstat(path).catch((error: unknown) => {
    if (errnoOf(error) !== "ENOENT") throw error;
  });
  return found === undefined ? await existingPart(dirname(path)) : path;
}

/** Writes a file and removes it: more than its permissions may keep a folder from being written. */
async function probe(folder: string): Promise<void> {
  const path = join(folder, `.fota-agent-check-${process.pid}`);
  try {
    await writeFile(path, "");
  } finally {
    await rm(path, { force: true });
  }
}

/** Returns the slot whose partition holds the folder; `undefined` if none does. */
async function slotOf(folder: string, paths: readonly string[]): Promise<number | undefined> {
  const { dev } = await stat(folder);
  const devices = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  const slot = devices.findIndex((found) => found?.isBlockDevice() === true && found.rdev === dev);
  return slot < 0 ? undefined : slot;
}

/** Checks that an image as large as the one that runs fits beside it. `imageBytes`: undefined if unknown. */
export async function checkSpace(folder: string, imageBytes: number | undefined): Promise<Finding> {
  const freeBytes = await freeBytesIn(folder);
  if (imageBytes !== undefined && freeBytes < imageBytes) {
    return fail(
      "disk space",
      `${sizeText(freeBytes)} free in ${folder}, but the running image has ${sizeText(imageBytes)}`,
      "free space on its disk: the next image is probably as large",
    );
  }
  return ok("disk space", `${sizeText(freeBytes)} free in ${folder}`);
}

async function freeBytesIn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

export function sizeText(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
