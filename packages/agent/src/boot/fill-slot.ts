import { constants, createReadStream } from "node:fs";
import { type FileHandle, open, readlink, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FotaError } from "@fota/shared";
import { replaceDurably, setAside } from "./durable-files.js";
import { deviceSizeBytes, IMAGE_MODE, isDevicePath, zeroedHead } from "./slot-files.js";
import { errnoOf } from "./storage-error.js";

/** Links that Linux follows in one path (path_resolution(7)). */
const LINKS_MAX = 40;

/**
 * Copies the file `image` into the slot at `path`, following links: onto a block device, or over a file. Anything else
 * at that path is renamed to `<path>.bad`. Durable when it resolves. A power cut leaves a file as it was and a device
 * unbootable.
 * @throws {FotaError} SLOT_ACCESS if a link leads to a missing device or folder, or if the image is larger than the
 * device. Errors of system calls pass through
 */
export async function fillSlot(path: string, image: string, sizeBytes: number): Promise<void> {
  const target = await resolveLinks(path);
  const found = target === undefined ? undefined : await stat(target).catch(ignoreMissing);
  if (target !== undefined && found?.isBlockDevice()) return await fillDevice(target, image, sizeBytes);
  if (target === undefined || (found !== undefined && !found.isFile())) await setAside(path);
  else if (target !== path) return await fillFile(await checkLinkTarget(path, target), image);
  await fillFile(path, image);
}

async function fillFile(path: string, image: string): Promise<void> {
  await replaceDurably(dirname(path), path, IMAGE_MODE, async (handle) => {
    for await (const piece of createReadStream(image)) await handle.appendFile(piece);
  });
}

/** Zeroes the head of the device first and writes it last, so that a partly written image does not boot. */
async function fillDevice(path: string, image: string, sizeBytes: number): Promise<void> {
  const deviceBytes = (await deviceSizeBytes(path)) ?? 0;
  if (sizeBytes > deviceBytes) {
    throw new FotaError("SLOT_ACCESS", `${image} is ${sizeBytes} bytes, ${path} holds ${deviceBytes}`, {
      hint: "build for a smaller target, or use a larger partition",
    });
  }
  const head = zeroedHead(deviceBytes);
  const device = await open(path, constants.O_RDWR | constants.O_EXCL); // EBUSY when it is mounted (open(2))
  try {
    await device.writeFile(head); // unlike write(), it writes all bytes
    await device.sync();
    await copyFrom(image, head.length, device);
    await device.sync();
    await copyFrom(image, 0, device, head.length - 1);
    await device.sync();
  } finally {
    await device.close();
  }
}

/** Copies the bytes of `image` from `start` through `end` to the same offsets of `device`. */
async function copyFrom(image: string, start: number, device: FileHandle, end = Infinity): Promise<void> {
  let at = start;
  for await (const piece of createReadStream(image, { start, end, highWaterMark: 256 * 1024 })) {
    const bytes = piece as Buffer;
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await device.write(bytes, done, bytes.length - done, at + done);
      done += bytesWritten;
    }
    at += bytes.length;
  }
}

/** Returns the path that links lead to, whether or not it exists; `undefined` for a loop of links. */
async function resolveLinks(path: string): Promise<string | undefined> {
  let end = path;
  for (let links = 0; links < LINKS_MAX; links += 1) {
    const next = await readlink(end).catch((error: unknown) => {
      if (errnoOf(error) !== "EINVAL" && errnoOf(error) !== "ENOENT") throw error;
    });
    if (next === undefined) return end;
    end = resolve(dirname(end), next);
  }
  return undefined;
}

/**
 * Checks that the target of a link exists, or its folder if the target is a file. A file created in place of a missing
 * device or mount would be lost, or fill the wrong disk.
 */
async function checkLinkTarget(path: string, target: string): Promise<string> {
  const found = await stat(isDevicePath(target) ? target : dirname(target)).catch(ignoreMissing);
  if (found !== undefined) return target;
  throw new FotaError("SLOT_ACCESS", `${path} is a link to ${target}, which does not exist`, {
    hint: "attach the device or mount the disk, or remove the link",
  });
}

function ignoreMissing(error: unknown): undefined {
  if (errnoOf(error) !== "ENOENT") throw error;
}
