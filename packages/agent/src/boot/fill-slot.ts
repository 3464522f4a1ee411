import { constants, createReadStream } from "node:fs";
import { type FileHandle, open, readlink, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FotaError } from "@fota/shared";
import { replaceDurably, setAside } from "./durable-files.js";
import { deviceSizeBytes, emptyHead, IMAGE_MODE } from "./slot-files.js";
import { errnoOf } from "./storage-error.js";

/** As Linux follows them (path_resolution(7)). */
const LINKS_MAX = 40;

/**
 * Puts `image` where the slot at `path` leads to: into a block device, or in place of a file, all or nothing. What is
 * neither is set aside. Durable when it resolves; after a power cut a device does not boot, and a file is as before.
 * @throws {FotaError} SLOT_ACCESS when the device or the folder at the end of a link is not there, or the image is too
 * large; else the error of the system call
 */
export async function fillSlot(path: string, image: string, sizeBytes: number): Promise<void> {
  const target = await endOfLinks(path);
  const found = target === undefined ? undefined : await stat(target).catch(absent);
  if (target !== undefined && found?.isBlockDevice()) return await fillDevice(target, image, sizeBytes);
  if (target === undefined || (found !== undefined && !found.isFile())) await setAside(path);
  else if (target !== path) return await fillFile(await checkedEnd(path, target), image);
  await fillFile(path, image);
}

async function fillFile(path: string, image: string): Promise<void> {
  await replaceDurably(dirname(path), path, IMAGE_MODE, async (handle) => {
    for await (const piece of createReadStream(image)) await handle.appendFile(piece);
  });
}

/** The head, without which nothing boots, is emptied first and written last. */
async function fillDevice(path: string, image: string, sizeBytes: number): Promise<void> {
  const deviceBytes = (await deviceSizeBytes(path)) ?? 0;
  if (sizeBytes > deviceBytes) {
    throw new FotaError("SLOT_ACCESS", `${image} has ${sizeBytes} bytes, ${path} holds ${deviceBytes}`, {
      hint: "build for a smaller target, or use a larger partition",
    });
  }
  const head = emptyHead(deviceBytes);
  const device = await open(path, constants.O_RDWR | constants.O_EXCL); // EBUSY when it is mounted (open(2))
  try {
    await device.writeFile(head); // all of it, where write() may take less
    await device.sync();
    await copyFrom(image, head.length, device);
    await device.sync();
    await copyFrom(image, 0, device, head.length - 1);
    await device.sync();
  } finally {
    await device.close();
  }
}

/** Copies the bytes of `image` from `start` to `end`, the last one, to the same place of `device`. */
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

/** Where links lead to, whether or not something is there; `undefined` where they lead nowhere. */
async function endOfLinks(path: string): Promise<string | undefined> {
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

/** A file made where a disk or a device should be would be lost, or fill the wrong disk. */
async function checkedEnd(path: string, target: string): Promise<string> {
  const isDevice = target.startsWith("/dev/");
  const isThere = isDevice ? await stat(target).catch(absent) : await stat(dirname(target)).catch(absent);
  if (isThere !== undefined) return target;
  throw new FotaError("SLOT_ACCESS", `${path} is a link to ${target}, which is not there`, {
    hint: "attach or mount what holds it, or remove the link",
  });
}

function absent(error: unknown): undefined {
  if (errnoOf(error) !== "ENOENT") throw error;
}
