import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, stat, statfs } from "node:fs/promises";
import { FotaError } from "@fota/shared";
import {
  initBootRecord,
  readBootRecord,
  type SavedBootRecord,
  writeBootRecord,
} from "../boot/boot-record.js";
import { syncFolder } from "../boot/durable-files.js";
import { lockFolder } from "../boot/folder-lock.js";
import { wentBack } from "../boot/next-boot.js";
import { RESET_EXIT_CODE } from "../boot/reset.js";
import { IMAGE_MODE, isBootable, slotPath, slotsIn } from "../boot/slot-files.js";
import { errnoOf, storageError } from "../boot/storage-error.js";
import type { BootRecord, SlotDigests, Slots } from "../core/ports.js";

export interface FileSlotsOptions {
  /** Folder of `slot-0`, `slot-1` and the boot record, shared with `fota-boot`. One process at a time works on it. */
  dir: string;
  /** Slot that this process runs from. */
  runningSlot: number;
  slotSizeBytes: number;
  slotCount?: number;
  /** Default: exits with `RESET_EXIT_CODE`, which `fota-boot` takes as a reset. */
  restart?: () => Promise<void>;
}

/** Bytes that `digest` holds at a time. */
const READ_BYTES = 256 * 1024;

/**
 * Slots on plain files: the reference adapter. Beyond the contract it refuses to erase the slot that a failed trial
 * goes back to, and takes an ordered trial back before it touches that slot, so that the record never names a slot
 * with a half-written image. An empty folder gets a record that has `runningSlot` confirmed.
 */
export function fileSlots(options: FileSlotsOptions): Slots {
  const { dir, runningSlot, slotSizeBytes, slotCount = 2 } = options;
  const written = new Map<number, FileHandle>();

  async function load(): Promise<SavedBootRecord> {
    await access("the folder of the slots cannot be made", dir, () => mkdir(dir, { recursive: true }));
    await lockFolder(dir, "agent");
    const record = (await readBootRecord(dir)) ?? (await firstRecord());
    for (const slot of [record.currentSlot, record.workingSlot, runningSlot]) {
      if (slot < slotCount) continue;
      throw new FotaError(
        "BOOT_RECORD_INVALID",
        `slot ${slot} boots from ${dir}, which has ${slotCount} slots`,
        {
          hint: "give fileSlots the slotCount that the folder was made with",
        },
      );
    }
    return record;
  }

  async function firstRecord(): Promise<SavedBootRecord> {
    const found = await slotsIn(dir);
    if (found.length === 0) return await initBootRecord(dir, runningSlot);
    throw new FotaError("BOOT_RECORD_INVALID", `${dir} has slot ${found.join(" and ")} and no boot record`, {
      hint: `put a known good image back with: fota-boot --dir ${dir} --install IMAGE`,
    });
  }

  function checkBounds(slot: number, endBytes: number): void {
    if (!Number.isInteger(slot) || slot < 0 || slot >= slotCount) {
      throw new FotaError("SLOT_INVALID", `there is no slot ${slot}, the device has ${slotCount}`);
    }
    if (endBytes > slotSizeBytes) {
      throw new FotaError(
        "SLOT_ACCESS",
        `${endBytes} bytes do not fit slot ${slot} of ${slotSizeBytes} bytes`,
      );
    }
  }

  function checkNotRunning(slot: number): void {
    if (slot !== runningSlot) return;
    throw new FotaError("SLOT_RUNNING", `slot ${slot} is running`, {
      hint: "an update goes to the slot that does not run",
    });
  }

  /** Makes sure that no boot depends on `slot` before it changes. */
  async function release(slot: number): Promise<void> {
    checkNotRunning(slot);
    const record = await load();
    if (slot === record.workingSlot) {
      throw new FotaError(
        "SLOT_ACCESS",
        `slot ${slot} is where the trial of slot ${runningSlot} goes back to`,
        {
          hint: "confirm the trial or give it up first",
        },
      );
    }
    if (slot === record.currentSlot) await writeBootRecord(dir, wentBack(record));
  }

  async function close(slot: number): Promise<void> {
    const handle = written.get(slot);
    written.delete(slot);
    await handle?.close();
  }

  async function handleOf(slot: number): Promise<FileHandle> {
    const known = written.get(slot);
    if (known !== undefined) return known;
    await release(slot);
    const handle = await open(slotPath(dir, slot), "r+");
    written.set(slot, handle);
    return handle;
  }

  return {
    async record(): Promise<BootRecord> {
      const { currentSlot, workingSlot } = await load();
      return { runningSlot, currentSlot, workingSlot, slotCount, slotSizeBytes };
    },

    async erase(slot, sizeBytes) {
      checkBounds(slot, sizeBytes);
      await release(slot);
      await close(slot);
      const path = slotPath(dir, slot);
      await access(`slot ${slot} cannot be erased`, path, async () => {
        await checkSpace(dir, path, sizeBytes);
        const handle = await open(path, "w", IMAGE_MODE);
        try {
          await handle.chmod(IMAGE_MODE); // open() leaves out what the umask forbids
          await handle.sync();
        } finally {
          await handle.close();
        }
        await syncFolder(dir);
      });
    },

    async write(slot, offsetBytes, bytes) {
      if (offsetBytes < 0) throw new FotaError("SLOT_ACCESS", `offset ${offsetBytes} is before slot ${slot}`);
      checkBounds(slot, offsetBytes + bytes.length);
      await access(`slot ${slot} cannot be written`, slotPath(dir, slot), async () => {
        const handle = await handleOf(slot);
        for (let done = 0; done < bytes.length; ) {
          const piece = await handle.write(bytes, done, bytes.length - done, offsetBytes + done);
          done += piece.bytesWritten;
        }
      });
    },

    async sync(slot) {
      await access(`slot ${slot} cannot be made durable`, slotPath(dir, slot), async () => {
        await written.get(slot)?.sync();
      });
    },

    async digest(slot, sizeBytes) {
      checkBounds(slot, 0);
      const path = slotPath(dir, slot);
      return await access(`slot ${slot} cannot be read`, path, () => digestFile(path, sizeBytes));
    },

    close,

    async attempt(slot) {
      checkBounds(slot, 0);
      checkNotRunning(slot);
      await this.sync(slot);
      await close(slot);
      const record = await load();
      if (!(await isBootable(dir, slot))) {
        throw new FotaError("SLOT_ACCESS", `slot ${slot} holds no image to boot`);
      }
      if (record.currentSlot !== slot || record.trialBoots > 0) {
        await writeBootRecord(dir, { ...record, currentSlot: slot, trialBoots: 0 });
      }
    },

    async accept() {
      const record = await load();
      if (record.workingSlot === runningSlot) return;
      await writeBootRecord(dir, { currentSlot: runningSlot, workingSlot: runningSlot, trialBoots: 0 });
    },

    async revert() {
      const record = await load();
      if (record.currentSlot !== record.workingSlot) await writeBootRecord(dir, wentBack(record));
    },

    restart: options.restart ?? (async () => process.exit(RESET_EXIT_CODE)),
  };
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
async function checkSpace(dir: string, path: string, sizeBytes: number): Promise<void> {
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
    return await open(path, "r");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
