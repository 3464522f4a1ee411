import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { FotaError } from "@fota/shared";
import { deviceSizeBytes, findSlot, isBootable, zeroedHead } from "../boot/slot-files.js";
import { errnoOf, storageError } from "../boot/storage-error.js";
import type { ReadBack, SlotDigests } from "../core/ports.js";
import { readBackFile } from "./read-back-file.js";
import { checkSpace, emptyFile, eraseHead, hashSlot, openDevice, openToRead, writeAll } from "./slot-path.js";

/** For fewer bytes, starting a thread takes longer than reading them back at the end. */
const READ_BACK_MIN_BYTES = 16 * 1024 * 1024;

/** Stores the bytes of the slots, and does not check which slots may be written. */
export type Storage = Pick<SlotStorage, keyof SlotStorage>;

/**
 * Stores the bytes of the slots: each path is a plain file, created and truncated as needed, or a block device.
 * Errors of the disk become SLOT_ACCESS.
 */
export class SlotStorage {
  readonly #paths: readonly string[];
  readonly #limitBytes: number;
  readonly #written = new Map<number, FileHandle>();
  readonly #read = new Map<number, FileHandle>();
  #sizeBytes: number | undefined;

  /** `limitBytes` is the largest size of an image. A smaller block device lowers it for all slots. */
  constructor(paths: readonly string[], limitBytes: number) {
    this.#paths = paths;
    this.#limitBytes = limitBytes;
  }

  get slotCount(): number {
    return this.#paths.length;
  }

  /**
   * Returns the path of `slot`.
   * @throws {FotaError} SLOT_INVALID if there is no such slot
   */
  pathOf(slot: number): string {
    return pathIn(this.#paths, slot);
  }

  /** Returns the size that fits every slot. Read once, because the size of a device does not change. */
  async slotSizeBytes(): Promise<number> {
    this.#sizeBytes ??= Math.min(this.#limitBytes, ...(await this.#deviceSizes()));
    return this.#sizeBytes;
  }

  /** Tells whether two slots are the same file or device. */
  async isSame(slot: number, other: number): Promise<boolean> {
    const [a, b] = await Promise.all(
      [slot, other].map((one) => stat(this.pathOf(one)).catch(() => undefined)),
    );
    return a !== undefined && b !== undefined && identityOf(a) === identityOf(b);
  }

  /** Tells whether `slot` holds an image that can boot. Never throws. */
  async holdsImage(slot: number): Promise<boolean> {
    return await isBootable(this.pathOf(slot));
  }

  /** Empties a file after checking the free space, or makes a device unbootable. Durable when it resolves. */
  async erase(slot: number, sizeBytes: number): Promise<void> {
    await this.close(slot);
    const path = this.pathOf(slot);
    await withStorageErrors(`cannot erase slot ${slot}`, path, async () => {
      const deviceBytes = await deviceSizeBytes(path);
      if (deviceBytes !== undefined) return await eraseHead(path, zeroedHead(deviceBytes));
      await checkSpace(path, sizeBytes);
      await emptyFile(path);
    });
  }

  async write(slot: number, offsetBytes: number, bytes: Uint8Array): Promise<void> {
    const path = this.pathOf(slot);
    await withStorageErrors(`cannot write slot ${slot}`, path, async () => {
      await writeAll(await this.#openToWrite(slot, path), offsetBytes, bytes);
    });
  }

  /** Tells whether `write` keeps the slot open. */
  isOpen(slot: number): boolean {
    return this.#written.has(slot);
  }

  /** Makes all bytes of the slot durable, including those that an earlier process wrote. */
  async sync(slot: number): Promise<void> {
    const path = this.pathOf(slot);
    await withStorageErrors(`cannot sync slot ${slot}`, path, async () => {
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
    for (const open of [this.#written, this.#read]) {
      const handle = open.get(slot);
      open.delete(slot);
      await handle?.close();
    }
  }

  /** Tells whether the slots hold images as the agent wrote them. */
  get isReadable(): boolean {
    return true;
  }

  /** Fills `bytes` from the slot. Keeps it open until `close`. */
  async read(slot: number, offsetBytes: number, bytes: Uint8Array): Promise<void> {
    const path = this.pathOf(slot);
    await withStorageErrors(`cannot read slot ${slot}`, path, async () => {
      let handle = this.#read.get(slot);
      if (handle === undefined) {
        handle = await openToRead(path);
        if (handle !== undefined) this.#read.set(slot, handle);
      }
      for (let done = 0; done < bytes.length; ) {
        const found = await handle?.read(bytes, done, bytes.length - done, offsetBytes + done);
        if (found === undefined || found.bytesRead === 0) {
          throw new FotaError("SLOT_ACCESS", `slot ${slot} ends at byte ${offsetBytes + done}`);
        }
        done += found.bytesRead;
      }
    });
  }

  async digest(slot: number, sizeBytes: number): Promise<SlotDigests> {
    const path = this.pathOf(slot);
    const [md5, sha256] = [createHash("md5"), createHash("sha256")];
    await withStorageErrors(`cannot read slot ${slot}`, path, () => hashSlot(path, sizeBytes, [md5, sha256]));
    return { md5: md5.digest("hex"), sha256: sha256.digest("hex") };
  }

  async sha256(slot: number, sizeBytes: number): Promise<string> {
    const path = this.pathOf(slot);
    const sha256 = createHash("sha256");
    await withStorageErrors(`cannot read slot ${slot}`, path, () => hashSlot(path, sizeBytes, [sha256]));
    return sha256.digest("hex");
  }

  /** Returns the size of a file, 0 if there is none; `undefined` for a device. */
  async heldBytes(slot: number): Promise<number | undefined> {
    const path = this.pathOf(slot);
    return await withStorageErrors(`cannot read the size of slot ${slot}`, path, async () => {
      const found = await findSlot(path);
      if (found === undefined) return 0;
      return found.isBlockDevice() ? undefined : found.size;
    });
  }

  readBack(slot: number, sizeBytes: number): ReadBack | undefined {
    return readBackLarge(this.pathOf(slot), sizeBytes);
  }

  async #deviceSizes(): Promise<number[]> {
    const sizes = await Promise.all(
      this.#paths.map((path, slot) =>
        withStorageErrors(`cannot read the size of slot ${slot}`, path, () => deviceSizeBytes(path)),
      ),
    );
    return sizes.filter((size) => size !== undefined);
  }

  async #openToWrite(slot: number, path: string): Promise<FileHandle> {
    const known = this.#written.get(slot);
    if (known !== undefined) return known;
    const isDevice = (await deviceSizeBytes(path)) !== undefined;
    const handle = isDevice ? await openDevice(path) : await open(path, "r+");
    this.#written.set(slot, handle);
    return handle;
  }
}

/**
 * Returns the path of `slot`.
 * @throws {FotaError} SLOT_INVALID if there is no such slot
 */
export function pathIn(paths: readonly string[], slot: number): string {
  const path = paths[slot];
  if (path !== undefined) return path;
  throw new FotaError("SLOT_INVALID", `there is no slot ${slot}, the device has ${paths.length} slots`);
}

/** Reads a file back in a thread while it grows, if it has enough bytes for that. */
export function readBackLarge(path: string, sizeBytes: number): ReadBack | undefined {
  return sizeBytes < READ_BACK_MIN_BYTES ? undefined : readBackFile(path);
}

function identityOf(found: Stats): string {
  return found.isBlockDevice() ? `device ${found.rdev}` : `file ${found.dev} ${found.ino}`;
}

/** Runs `action`. An error of a system call becomes SLOT_ACCESS, whose message begins with `what`. */
async function withStorageErrors<T>(what: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw errnoOf(error) === undefined || error instanceof FotaError
      ? error
      : storageError("SLOT_ACCESS", what, path, error);
  }
}
