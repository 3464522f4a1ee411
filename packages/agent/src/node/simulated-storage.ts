import { createHash, type Hash } from "node:crypto";
import { closeSync, fchmodSync, openSync, readSync, statfsSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { FotaError } from "@fota/shared";
import { READ_BYTES } from "../boot/hash-file.js";
import { IMAGE_MODE } from "../boot/slot-files.js";
import { errnoOf, storageError } from "../boot/storage-error.js";
import type { Buffers, ReadBack, SlotDigests } from "../core/ports.js";
import { ownBuffers } from "./own-buffers.js";
import { checkFree } from "./slot-path.js";
import { pathIn, readBackLarge, type Storage } from "./slot-storage.js";

/**
 * Stores the slots of a device that this process simulates, in plain files. The bytes survive the end of the process, not
 * a power cut. They stay in the page cache, where a system call takes less time than a thread of Node.js that makes it: so
 * this class makes all of them itself, and lets others run after each piece of a long reading.
 */
export class SimulatedStorage implements Storage {
  readonly isReadable = true;
  readonly #paths: readonly string[];
  readonly #sizeBytes: number;
  readonly #buffers: Buffers;
  readonly #written = new Map<number, number>();
  readonly #read = new Map<number, number>();

  constructor(paths: readonly string[], sizeBytes: number, buffers = ownBuffers) {
    this.#paths = paths;
    this.#sizeBytes = sizeBytes;
    this.#buffers = buffers;
  }

  get slotCount(): number {
    return this.#paths.length;
  }

  pathOf(slot: number): string {
    return pathIn(this.#paths, slot);
  }

  async slotSizeBytes(): Promise<number> {
    return this.#sizeBytes;
  }

  async isSame(slot: number, other: number): Promise<boolean> {
    return slot === other;
  }

  async holdsImage(slot: number): Promise<boolean> {
    const found = statSync(this.pathOf(slot), { throwIfNoEntry: false });
    return found !== undefined && found.size > 0;
  }

  async erase(slot: number, sizeBytes: number): Promise<void> {
    await this.close(slot);
    this.#access("erase", slot, (path) => {
      const old = statSync(path, { throwIfNoEntry: false });
      checkFree(statfsSync(dirname(path)), old?.size ?? 0, sizeBytes, path);
      // Closed before it is written: ext4 writes a file to the disk that was emptied and then closed with content.
      const file = openSync(path, "w", IMAGE_MODE);
      try {
        fchmodSync(file, IMAGE_MODE);
      } finally {
        closeSync(file);
      }
    });
  }

  async write(slot: number, offsetBytes: number, bytes: Uint8Array): Promise<void> {
    this.#access("write", slot, (path) => {
      const file = this.#written.get(slot) ?? openSync(path, "r+");
      this.#written.set(slot, file);
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(file, bytes, done, bytes.length - done, offsetBytes + done);
      }
    });
  }

  isOpen(slot: number): boolean {
    return this.#written.has(slot);
  }

  async sync(): Promise<void> {}

  async close(slot: number): Promise<void> {
    for (const open of [this.#written, this.#read]) {
      const file = open.get(slot);
      open.delete(slot);
      if (file !== undefined) closeSync(file);
    }
  }

  async read(slot: number, offsetBytes: number, bytes: Uint8Array): Promise<void> {
    this.#access("read", slot, (path) => {
      const file = this.#read.get(slot) ?? openSync(path, "r");
      this.#read.set(slot, file);
      for (let done = 0; done < bytes.length; ) {
        const count = readSync(file, bytes, done, bytes.length - done, offsetBytes + done);
        if (count === 0)
          throw new FotaError("SLOT_ACCESS", `slot ${slot} ends at byte ${offsetBytes + done}`);
        done += count;
      }
    });
  }

  async digest(slot: number, sizeBytes: number): Promise<SlotDigests> {
    const [md5, sha256] = [createHash("md5"), createHash("sha256")];
    await this.#hash(slot, sizeBytes, [md5, sha256]);
    return { md5: md5.digest("hex"), sha256: sha256.digest("hex") };
  }

  async sha256(slot: number, sizeBytes: number): Promise<string> {
    const sha256 = createHash("sha256");
    await this.#hash(slot, sizeBytes, [sha256]);
    return sha256.digest("hex");
  }

  async heldBytes(slot: number): Promise<number> {
    return this.#access(
      "read the size of",
      slot,
      (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0,
    );
  }

  readBack(slot: number, sizeBytes: number): ReadBack | undefined {
    return readBackLarge(this.pathOf(slot), sizeBytes);
  }

  /** Passes the first `sizeBytes` bytes to `hashes`. A missing file counts as empty. */
  async #hash(slot: number, sizeBytes: number, hashes: readonly Hash[]): Promise<void> {
    const file = this.#access("read", slot, openIfThere);
    if (file === undefined) return;
    const buffer = this.#buffers.take(READ_BYTES);
    try {
      for (let at = 0; at < sizeBytes; ) {
        const length = Math.min(buffer.length, sizeBytes - at);
        const count = this.#access("read", slot, () => readSync(file, buffer, 0, length, at));
        if (count === 0) return;
        for (const hash of hashes) hash.update(buffer.subarray(0, count));
        at += count;
        await new Promise(setImmediate);
      }
    } finally {
      this.#buffers.giveBack(buffer);
      closeSync(file);
    }
  }

  /** Runs `action` on the file of a slot. An error of a system call becomes SLOT_ACCESS. */
  #access<T>(what: string, slot: number, action: (path: string) => T): T {
    const path = this.pathOf(slot);
    try {
      return action(path);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      throw storageError("SLOT_ACCESS", `cannot ${what} slot ${slot}`, path, error);
    }
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
