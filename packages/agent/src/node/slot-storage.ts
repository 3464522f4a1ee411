import { createHash } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { type FileHandle, open, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { FotaError } from "@fota/shared";
import { syncFolder } from "../boot/durable-files.js";
import { checkSlotFile, deviceSizeBytes, IMAGE_MODE, zeroedHead } from "../boot/slot-files.js";
import { errnoOf, storageError } from "../boot/storage-error.js";
import type { ReadBack, SlotDigests } from "../core/ports.js";
import { readBackFile } from "./read-back-file.js";

/** Bytes that `digest` holds at a time. */
const READ_BYTES = 256 * 1024;

/** Starting a thread takes longer than to read fewer bytes back when all are written. */
const READ_BACK_MIN_BYTES = 16 * 1024 * 1024;

/**
 * The bytes of slots, a path each: a plain file, made and cut as needed, or a block device, whose size is its own. It
 * decides nothing about what may be written. What the disk refuses is SLOT_ACCESS.
 */
export class SlotStorage {
  readonly #paths: readonly string[];
  readonly #limitBytes: number;
  readonly #written = new Map<number, FileHandle>();
  #sizeBytes: number | undefined;

  /** No slot holds more than `limitBytes`; a smaller device lowers that for all. */
  constructor(paths: readonly string[], limitBytes: number) {
    this.#paths = paths;
    this.#limitBytes = limitBytes;
  }

  get slotCount(): number {
    return this.#paths.length;
  }

  /** Where `slot` is. @throws {FotaError} SLOT_INVALID */
  pathOf(slot: number): string {
    const path = this.#paths[slot];
    if (path !== undefined) return path;
    throw new FotaError("SLOT_INVALID", `there is no slot ${slot}, the device has ${this.slotCount}`);
  }

  /** Bytes that fit every slot. Looked up once: the size of a device does not change. */
  async slotSizeBytes(): Promise<number> {
    this.#sizeBytes ??= Math.min(this.#limitBytes, ...(await this.#deviceSizes()));
    return this.#sizeBytes;
  }

  /** Whether two slots are one file or device under two names. */
  async isSame(slot: number, other: number): Promise<boolean> {
    const [a, b] = await Promise.all(
      [slot, other].map((one) => stat(this.pathOf(one)).catch(() => undefined)),
    );
    return a !== undefined && b !== undefined && identityOf(a) === identityOf(b);
  }

  /** Empties a file, after a look at the free space; makes the head of a device unbootable. Durable. */
  async erase(slot: number, sizeBytes: number): Promise<void> {
    await this.close(slot);
    const path = this.pathOf(slot);
    await access(`slot ${slot} cannot be erased`, path, async () => {
      const deviceBytes = await deviceSizeBytes(path);
      if (deviceBytes !== undefined) return await eraseHead(path, zeroedHead(deviceBytes));
      await checkSpace(path, sizeBytes);
      await emptyFile(path);
    });
  }

  async write(slot: number, offsetBytes: number, bytes: Uint8Array): Promise<void> {
    const path = this.pathOf(slot);
    await access(`slot ${slot} cannot be written`, path, async () => {
      await writeAll(await this.#handleOf(slot, path), offsetBytes, bytes);
    });
  }

  /** Whether `write` holds the slot open. */
  isOpen(slot: number): boolean {
    return this.#written.has(slot);
  }

  /** Also what an earlier process wrote and did not live to make durable. */
  async sync(slot: number): Promise<void> {
    const path = this.pathOf(slot);
    await access(`slot ${slot} cannot be made durable`, path, async () => {
      const written = this.#written.get(slot);
      if (written !== undefined) return await written.sync();
      const handle = await openToRead(path);
      try {
        await handle?.sync();
      } finally {
        await handle?.close();
      }
    });
  }

  async close(slot: number): Promise<void> {
    const handle = this.#written.get(slot);
    this.#written.delete(slot);
    await handle?.close();
  }

  async digest(slot: number, sizeBytes: number): Promise<SlotDigests> {
    const path = this.pathOf(slot);
    return await access(`slot ${slot} cannot be read`, path, () => digestFile(path, sizeBytes));
  }

  readBack(slot: number, sizeBytes: number): ReadBack | undefined {
    return sizeBytes < READ_BACK_MIN_BYTES ? undefined : readBackFile(this.pathOf(slot));
  }

  async #deviceSizes(): Promise<number[]> {
    const sizes = await Promise.all(
      this.#paths.map((path, slot) =>
        access(`the size of slot ${slot} cannot be read`, path, () => deviceSizeBytes(path)),
      ),
    );
    return sizes.filter((size) => size !== undefined);
  }

  async #handleOf(slot: number, path: string): Promise<FileHandle> {
    const known = this.#written.get(slot);
    if (known !== undefined) return known;
    const isDevice = (await deviceSizeBytes(path)) !== undefined;
    const handle = isDevice ? await openDevice(path) : await open(path, "r+");
    this.#written.set(slot, handle);
    return handle;
  }
}

/** A write may take fewer bytes than it is given (write(2)). */
async function writeAll(handle: FileHandle, offsetBytes: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, offsetBytes + done);
    done += bytesWritten;
  }
}

/** The kernel refuses O_EXCL with EBUSY on a device that is mounted or otherwise in use (open(2)). */
function openDevice(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDWR | constants.O_EXCL);
}

async function eraseHead(path: string, head: Uint8Array): Promise<void> {
  const handle = await openDevice(path);
  try {
    await writeAll(handle, 0, head);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function emptyFile(path: string): Promise<void> {
  const handle = await open(path, "w", IMAGE_MODE);
  try {
    await handle.chmod(IMAGE_MODE); // open() leaves out what the umask forbids
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolder(dirname(path));
}

function identityOf(found: Stats): string {
  return found.isBlockDevice() ? `device ${found.rdev}` : `file ${found.dev} ${found.ino}`;
}

/** Runs `action`; what the disk refuses becomes SLOT_ACCESS with the errno in words. */
async function access<T>(doing: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw errnoOf(error) === undefined || error instanceof FotaError
      ? error
      : storageError("SLOT_ACCESS", doing, path, error);
  }
}

/** Better refused before the download than when the disk is full near its end. */
async function checkSpace(path: string, sizeBytes: number): Promise<void> {
  const dir = dirname(path);
  const [disk, old] = await Promise.all([statfs(dir), stat(path).catch(() => undefined)]);
  const freeBytes = disk.bavail * disk.bsize + (old?.size ?? 0);
  if (freeBytes >= sizeBytes) return;
  throw new FotaError("SLOT_ACCESS", `${sizeBytes} bytes are needed in ${dir}, ${freeBytes} are free`, {
    hint: "free space on the disk that holds this folder",
  });
}

/** Both digests in one pass, in memory that does not grow with the image. A missing file holds no bytes. */
async function digestFile(path: string, sizeBytes: number): Promise<SlotDigests> {
  const [md5, sha256] = [createHash("md5"), createHash("sha256")];
  const handle = await openToRead(path);
  try {
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, Math.max(1, sizeBytes)));
    for (let at = 0; handle !== undefined && at < sizeBytes; ) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, sizeBytes - at), at);
      if (bytesRead === 0) break;
      const piece = buffer.subarray(0, bytesRead);
      md5.update(piece);
      sha256.update(piece);
      at += bytesRead;
    }
  } finally {
    await handle?.close();
  }
  return { md5: md5.digest("hex"), sha256: sha256.digest("hex") };
}

async function openToRead(path: string): Promise<FileHandle | undefined> {
  try {
    checkSlotFile(path, await stat(path));
    return await open(path, "r");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
