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
import { type RecordedSlotsOptions, recordedSlots, type SlotsView, viewOfSlots } from "./recorded-slots.js";
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
  return recordedSlots(partsOf(options));
}

/** Returns the same slots only to show them. Without a record, shows the one that `fileSlots` writes. */
export function fileSlotsView(options: FileSlotsOptions): SlotsView {
  return viewOfSlots(partsOf(options));
}

function partsOf(options: FileSlotsOptions): RecordedSlotsOptions {
  const { dir, runningSlot, slotSizeBytes, slotCount = 2, bootId = process.env[BOOT_ID] } = options;

  async function load(): Promise<SavedBootRecord> {
    try {
      await makeFolders(dir, { mkdir, dirname });
    } catch (error) {
      throw storageError("SLOT_ACCESS", "cannot create the slot folder", dir, error);
    }
    await lockFolder(dir, "agent"); // once: it stays locked as long as the process runs
    return await read(initBootRecord);
  }

  /** Reads the record. Calls `init` if there is neither a record nor a slot. */
  async function read(init: typeof initBootRecord): Promise<SavedBootRecord> {
    const saved = await readBootRecord(dir);
    if (saved !== undefined) return saved;
    const found = await listSlots(dir);
    if (found.length === 0) return await init(dir, runningSlot);
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
  return {
    store: {
      load,
      read: () => read(async (_dir, slot) => ({ currentSlot: slot, workingSlot: slot, trialBoots: 0 })),
      save: (record) => writeBootRecord(dir, record),
      digestImage: (slot) => digestImage(dir, slot),
    },
    storage: new SlotStorage(paths, slotSizeBytes),
    runningSlot,
    trialMismatch: (record) => trialMismatch(record, runningSlot, bootId),
    ...(bootId !== undefined && { checkFallback }), // only under fota-boot, which boots from these files
    restart: options.restart ?? (async () => process.exit(RESET_EXIT_CODE)),
  };
}
