import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { FotaError, makeFolders } from "@fota/shared";
import { BOOT_ID, trialMismatch } from "../boot/boot-id.js";
import {
  initBootRecord,
  readBootRecord,
  type SavedBootRecord,
  writeBootRecord,
} from "../boot/boot-record.js";
import { lockFolder } from "../boot/folder-lock.js";
import { digestHolds, digestImage } from "../boot/image-digest.js";
import { RESET_EXIT_CODE } from "../boot/reset.js";
import { isBootable, listSlots, slotPath } from "../boot/slot-files.js";
import { storageError } from "../boot/storage-error.js";
import type { Slots } from "../core/ports.js";
import { recordedSlots } from "./recorded-slots.js";
import { SlotStorage } from "./slot-storage.js";

export interface FileSlotsOptions {
  /**
   * Folder with `slot-0`, `slot-1` and the boot record, shared with `fota-boot`. Only one agent at a time may use it.
   */
  dir: string;
  /** Slot that this process runs from. */
  runningSlot: number;
  /** Largest image in bytes. If slots are links to block devices, the smallest device lowers it. */
  slotSizeBytes: number;
  /** @default 2 */
  slotCount?: number;
  /**
   * Id of the boot that this process belongs to.
   * @default FOTA_BOOT_ID in the environment, which `fota-boot` sets
   */
  bootId?: string;
  /**
   * Restarts the device.
   * @default exits with `RESET_EXIT_CODE`, which requests a reset from `fota-boot`
   */
  restart?: () => Promise<void>;
}

/**
 * Returns slots on plain files, or on block devices that `slot-0` and `slot-1` link to, with the boot record of
 * `fota-boot`. If the folder is empty, the first access writes a record with `runningSlot` confirmed. This is the
 * reference implementation of `Slots`.
 */
export function fileSlots(options: FileSlotsOptions): Slots {
  const { dir, runningSlot, slotSizeBytes, slotCount = 2, bootId = process.env[BOOT_ID] } = options;

  /** Resolves when the folder exists and is locked, which it stays as long as the process runs. */
  let locked: Promise<void> | undefined;

  async function load(): Promise<SavedBootRecord> {
    locked ??= lock().catch((error: unknown) => {
      locked = undefined;
      throw error;
    });
    await locked;
    return (await readBootRecord(dir)) ?? (await firstRecord());
  }

  async function lock(): Promise<void> {
    try {
      await makeFolders(dir, { mkdir, dirname });
    } catch (error) {
      throw storageError("SLOT_ACCESS", "cannot create the slot folder", dir, error);
    }
    await lockFolder(dir, "agent");
  }

  async function firstRecord(): Promise<SavedBootRecord> {
    const found = await listSlots(dir);
    if (found.length === 0) return await initBootRecord(dir, runningSlot);
    throw new FotaError(
      "BOOT_RECORD_INVALID",
      `${dir} holds slot ${found.join(" and ")} but no boot record`,
      {
        hint: `reinstall a known good image: fota-boot --dir ${dir} --install IMAGE`,
      },
    );
  }

  async function checkFallback(record: SavedBootRecord): Promise<void> {
    const slot = record.workingSlot;
    const boots = await isBootable(slotPath(dir, slot));
    if (boots && (await digestHolds(dir, record, slot)) !== false) return;
    const why = boots ? "has changed since it was confirmed" : "holds no image to revert to";
    throw new FotaError("FALLBACK_MISSING", `slot ${slot} ${why}`, {
      hint: `reinstall a known good image: fota-boot --dir ${dir} --install IMAGE --force`,
    });
  }

  const paths = Array.from({ length: slotCount }, (_, slot) => slotPath(dir, slot));
  return recordedSlots({
    store: {
      load,
      save: (record) => writeBootRecord(dir, record),
      digestImage: (slot) => digestImage(dir, slot),
    },
    storage: new SlotStorage(paths, slotSizeBytes),
    runningSlot,
    trialMismatch: (record) => trialMismatch(record, runningSlot, bootId),
    ...(bootId !== undefined && { checkFallback }), // only under fota-boot, which boots from these files
    restart: options.restart ?? (async () => process.exit(RESET_EXIT_CODE)),
  });
}
