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
  /** Folder of `slot-0`, `slot-1` and the boot record, shared with `fota-boot`. One process at a time works on it. */
  dir: string;
  /** Slot that this process runs from. */
  runningSlot: number;
  /** A bound, as plain files have no size of their own. Links to block devices lower it to the smallest device. */
  slotSizeBytes: number;
  slotCount?: number;
  /** The boot that this process belongs to. Default: FOTA_BOOT_ID, which `fota-boot` sets. */
  bootId?: string;
  /** Default: exits with `RESET_EXIT_CODE`, which `fota-boot` takes as a reset. */
  restart?: () => Promise<void>;
}

/**
 * Slots on plain files, or on block devices that `slot-0` and `slot-1` are links to, beside the boot record of
 * `fota-boot`: the reference adapter. An empty folder gets a record that has `runningSlot` confirmed.
 */
export function fileSlots(options: FileSlotsOptions): Slots {
  const { dir, runningSlot, slotSizeBytes, slotCount = 2, bootId = process.env[BOOT_ID] } = options;

  async function load(): Promise<SavedBootRecord> {
    try {
      await makeFolders(dir, { mkdir, dirname });
    } catch (error) {
      throw storageError("SLOT_ACCESS", "the folder of the slots cannot be made", dir, error);
    }
    await lockFolder(dir, "agent");
    return (await readBootRecord(dir)) ?? (await firstRecord());
  }

  async function firstRecord(): Promise<SavedBootRecord> {
    const found = await listSlots(dir);
    if (found.length === 0) return await initBootRecord(dir, runningSlot);
    throw new FotaError("BOOT_RECORD_INVALID", `${dir} has slot ${found.join(" and ")} and no boot record`, {
      hint: `put a known good image back with: fota-boot --dir ${dir} --install IMAGE`,
    });
  }

  async function checkGoesBack(record: SavedBootRecord): Promise<void> {
    const slot = record.workingSlot;
    const boots = await isBootable(slotPath(dir, slot));
    if (boots && (await digestHolds(dir, record, slot)) !== false) return;
    const why = boots ? "has changed since it was confirmed" : "holds no image to go back to";
    throw new FotaError("FALLBACK_MISSING", `slot ${slot} ${why}`, {
      hint: `put a known good image back with: fota-boot --dir ${dir} --install IMAGE --force`,
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
    whyNotTheTrial: (record) => trialMismatch(record, runningSlot, bootId),
    ...(bootId !== undefined && { checkGoesBack }), // under fota-boot, which boots nothing but files that are there
    restart: options.restart ?? (async () => process.exit(RESET_EXIT_CODE)),
  });
}
