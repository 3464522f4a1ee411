import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { FotaError, makeFolders } from "@fota/shared";
import { trialMismatch } from "../boot/boot-id.js";
import { readBootRecord, type SavedBootRecord, writeBootRecord } from "../boot/boot-record.js";
import { lockFolder } from "../boot/folder-lock.js";
import { revertTrial } from "../boot/next-boot.js";
import type { Slots } from "../core/ports.js";
import { reboot } from "./boot-loader.js";
import { BUNDLE_MAX_BYTES, BundleStorage } from "./bundle-storage.js";
import { type RaucStatus, readRaucStatus } from "./rauc-status.js";
import { callRauc } from "./rauc-tool.js";
import { type RecordedSlotsOptions, recordedSlots, type SlotsView, viewOfSlots } from "./recorded-slots.js";

export interface RaucSlotsOptions {
  /** Folder for the bundles, the boot record and the notes of what was installed. Not in a slot. */
  dir: string;
  /**
   * Largest bundle in bytes. Nothing is reserved on the disk.
   * @default 1 GiB
   */
  slotSizeBytes?: number;
  /**
   * Limit on an installation.
   * @default 1_800_000
   */
  installTimeoutMs?: number;
  /**
   * Restarts the device.
   * @default runs `reboot`, which ends this process
   */
  restart?: () => Promise<void>;
}

/**
 * Returns slots that RAUC writes and boots: the image of a job is a bundle (docs/rauc.md). The agent stores and verifies
 * it; RAUC installs it into the slot that does not run, and counts the boots of the trial in its boot loader. Slot 0 is
 * the one with the first boot name, `A`. Marks the running slot as good if it is the confirmed one: rauc-mark-good.service
 * must be off, because it would confirm every trial.
 * @throws {FotaError} SLOT_ACCESS, BOOT_RECORD_INVALID, RUNNING_SLOT_UNKNOWN, DEVICE_BUSY
 */
export async function raucSlots(options: RaucSlotsOptions): Promise<Slots> {
  const parts = await partsOf(options);
  const { store, runningSlot } = parts;
  // Before the record is loaded: some boot loaders do not boot a slot twice that was not marked as good.
  const saved = await readBootRecord(options.dir);
  if ((saved?.workingSlot ?? runningSlot) === runningSlot) await mark("good", "booted");
  const record = await store.load();
  const isOver = record.currentSlot === record.workingSlot && saved?.currentSlot !== saved?.workingSlot;
  if (isOver) await writeBootRecord(options.dir, record);
  return recordedSlots(parts);
}

/** Returns the same slots only to show them: marks none as good. @throws {FotaError} as `raucSlots` */
export async function raucSlotsView(options: RaucSlotsOptions): Promise<SlotsView> {
  return viewOfSlots(await partsOf(options));
}

async function partsOf(options: RaucSlotsOptions): Promise<RecordedSlotsOptions> {
  const { dir, restart = reboot, slotSizeBytes = BUNDLE_MAX_BYTES, installTimeoutMs = 1_800_000 } = options;
  const { slots, runningSlot } = await readRaucStatus();
  const storage = new BundleStorage({
    dir,
    slotCount: slots.length,
    slotSizeBytes,
    runningSlot,
    markOf: async (slot) => (await readRaucStatus()).slots[slot]?.mark,
  });

  const read = async () => recordOf(await readBootRecord(dir), await readRaucStatus());

  async function load(): Promise<SavedBootRecord> {
    await makeFolders(dir, { mkdir, dirname });
    await lockFolder(dir, "agent");
    return await read();
  }

  async function install(slot: number): Promise<void> {
    await storage.install(slot, async (path) => void (await callRauc(["install", path], installTimeoutMs)));
  }

  async function save(record: SavedBootRecord): Promise<void> {
    const { currentSlot, workingSlot, trialBoots } = record;
    if (currentSlot !== workingSlot) {
      if (trialBoots > 0) return; // nothing changes during a trial
      // Saved first: RAUC makes the new slot the next one, and a boot of it must be known as a trial.
      await writeBootRecord(dir, record);
      try {
        await install(currentSlot);
      } catch (error) {
        await writeBootRecord(dir, revertTrial(record));
        throw error;
      }
      return await mark("active", slots[currentSlot]?.name ?? "");
    }
    if (workingSlot === runningSlot) {
      await mark("good", "booted");
      await mark("active", "booted");
      await writeBootRecord(dir, record);
      return await storage.removeFile(workingSlot);
    }
    await mark("active", slots[workingSlot]?.name ?? "");
    await mark("bad", "booted");
    await writeBootRecord(dir, record);
  }

  return {
    store: { load, read, save },
    storage,
    runningSlot,
    trialMismatch: (record) => trialMismatch(record, runningSlot, undefined),
    async checkFallback({ workingSlot: slot }) {
      const fallback = (await readRaucStatus()).slots[slot];
      if (fallback?.isGood === true || (await isPrimary(slot))) return;
      throw new FotaError("FALLBACK_MISSING", `RAUC has marked slot ${slot} (${fallback?.name}) as bad`, {
        hint: "keep the new image, and update again",
      });
    },
    restart: () => restart(),
  };
}

async function isPrimary(slot: number): Promise<boolean> {
  return (await readRaucStatus()).primarySlot === slot;
}

/** Sets what RAUC's boot loader thinks of a slot: `booted`, or its name. Durable when it resolves. */
async function mark(state: "good" | "bad" | "active", slot: string): Promise<void> {
  await callRauc(["status", `mark-${state}`, slot]);
}

/**
 * Returns the record as RAUC acts on it. RAUC knows neither trials nor confirmed slots, so both are in the saved record;
 * whether a scheduled trial is still to come is up to its boot loader.
 */
function recordOf(
  saved: SavedBootRecord | undefined,
  { runningSlot, primarySlot }: RaucStatus,
): SavedBootRecord {
  const confirmed = (slot: number) => ({ currentSlot: slot, workingSlot: slot, trialBoots: 0 });
  if (saved === undefined) return confirmed(runningSlot);
  const { currentSlot, workingSlot } = saved;
  if (currentSlot === workingSlot) {
    // Somebody else installed a bundle, booted it and marked it as good.
    return confirmed(runningSlot === primarySlot ? runningSlot : workingSlot);
  }
  if (runningSlot === currentSlot) return { currentSlot, workingSlot, trialBoots: 1 };
  return primarySlot === currentSlot ? { currentSlot, workingSlot, trialBoots: 0 } : confirmed(workingSlot);
}
