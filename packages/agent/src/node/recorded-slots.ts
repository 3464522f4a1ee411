import { FotaError } from "@fota/shared";
import type { ConfirmedImage, SavedBootRecord } from "../boot/boot-record.js";
import { isOnTrial } from "../boot/boot-record-format.js";
import { confirmSlot, revertTrial, scheduleTrial } from "../boot/next-boot.js";
import { isBootable } from "../boot/slot-files.js";
import type { BootRecord, Slots } from "../core/ports.js";
import type { SlotStorage } from "./slot-storage.js";

/** Loads and saves the boot loader's record. */
interface BootRecordStore {
  /** @throws {FotaError} BOOT_RECORD_INVALID if there is no valid record */
  load(): Promise<SavedBootRecord>;
  /** Saves atomically. Durable when it resolves. */
  save(record: SavedBootRecord): Promise<void>;
  /**
   * Returns size and digest of the image in `slot`, for boot loaders that check it at each boot; `undefined` if
   * unknown.
   */
  digestImage?(slot: number): Promise<Omit<ConfirmedImage, "slot"> | undefined>;
}

export interface RecordedSlotsOptions {
  store: BootRecordStore;
  storage: SlotStorage;
  /** Slot that this process runs from. */
  runningSlot: number;
  /**
   * Returns why this process does not belong to the trial of `runningSlot` in the record, or `undefined` if it does.
   * For boot loaders that give each boot an id.
   */
  trialMismatch?: (record: SavedBootRecord) => string | undefined;
  /**
   * Throws FALLBACK_MISSING if the boot loader has no image to revert to. Such a device keeps its image: one that works
   * in part can still be updated.
   */
  checkFallback?: (record: SavedBootRecord) => Promise<void>;
  restart: () => Promise<void>;
}

/**
 * Implements `Slots` with any store of the boot record and any storage of the slots. Beyond the contract, it refuses to
 * change the slot that a failed trial reverts to, and cancels a scheduled trial before it changes that trial's slot, so
 * that the record never names a slot with a half-written image.
 */
export function recordedSlots(options: RecordedSlotsOptions): Slots {
  const { store, storage, runningSlot, restart } = options;

  async function load(): Promise<SavedBootRecord> {
    const record = await store.load();
    for (const slot of [record.currentSlot, record.workingSlot, runningSlot]) {
      if (slot < storage.slotCount) continue;
      throw new FotaError(
        "BOOT_RECORD_INVALID",
        `the device uses slot ${slot}, but only slots 0 to ${storage.slotCount - 1} are configured`,
        { hint: "configure all slots of the device" },
      );
    }
    return record;
  }

  async function checkFits(slot: number, endBytes: number): Promise<void> {
    storage.pathOf(slot);
    const slotSizeBytes = await storage.slotSizeBytes();
    if (endBytes <= slotSizeBytes) return;
    throw new FotaError("SLOT_ACCESS", `${endBytes} bytes do not fit slot ${slot} of ${slotSizeBytes} bytes`);
  }

  async function checkNotRunning(slot: number): Promise<void> {
    if (slot !== runningSlot && !(await storage.isSame(slot, runningSlot))) return;
    const alias = slot === runningSlot ? "" : `, which is slot ${runningSlot} under another name,`;
    throw new FotaError("SLOT_RUNNING", `slot ${slot}${alias} is running`, {
      hint: "write the update to a slot that is not running",
    });
  }

  /** Makes sure that the boot loader does not need `slot`: must be called before the slot changes. */
  async function releaseSlot(slot: number): Promise<void> {
    await checkNotRunning(slot);
    const record = await load();
    if (slot === record.workingSlot) {
      throw new FotaError(
        "SLOT_ACCESS",
        `slot ${slot} holds the image that the trial of slot ${runningSlot} reverts to`,
        { hint: "confirm or revert the trial first" },
      );
    }
    if (slot === record.currentSlot) await store.save(revertTrial(record));
  }

  /**
   * Returns why this process may not confirm or revert the trial in the record; `undefined` if it may. A process that
   * a failed trial left running must not confirm its image.
   */
  function ownTrialFault(record: SavedBootRecord): string | undefined {
    if (!isOnTrial(record, runningSlot)) {
      return `slot ${runningSlot} is not on trial, slot ${record.currentSlot} boots next`;
    }
    return options.trialMismatch?.(record);
  }

  return {
    async record(): Promise<BootRecord> {
      const [{ currentSlot, workingSlot }, slotSizeBytes] = [await load(), await storage.slotSizeBytes()];
      return { runningSlot, currentSlot, workingSlot, slotCount: storage.slotCount, slotSizeBytes };
    },

    async erase(slot, sizeBytes) {
      await checkFits(slot, sizeBytes);
      await releaseSlot(slot);
      await storage.erase(slot, sizeBytes);
    },

    async write(slot, offsetBytes, bytes) {
      if (offsetBytes < 0) throw new FotaError("SLOT_ACCESS", `offset ${offsetBytes} is before slot ${slot}`);
      await checkFits(slot, offsetBytes + bytes.length);
      if (!storage.isOpen(slot)) await releaseSlot(slot);
      await storage.write(slot, offsetBytes, bytes);
    },

    sync: (slot) => storage.sync(slot),
    digest: (slot, sizeBytes) => storage.digest(slot, sizeBytes),
    readBack: (slot, sizeBytes) => storage.readBack(slot, sizeBytes),
    close: (slot) => storage.close(slot),

    async attempt(slot) {
      const path = storage.pathOf(slot);
      await checkNotRunning(slot);
      await storage.sync(slot);
      await storage.close(slot);
      const record = await load();
      if (!(await isBootable(path))) {
        throw new FotaError("SLOT_ACCESS", `slot ${slot} holds no image to boot`);
      }
      if (record.currentSlot !== slot || record.trialBoots > 0) {
        await store.save(scheduleTrial(record, slot));
      }
    },

    async accept() {
      const record = await load();
      if (record.workingSlot === runningSlot) return;
      const fault = ownTrialFault(record);
      if (fault !== undefined) {
        throw new FotaError("TRIAL_OVER", `slot ${runningSlot} cannot be confirmed: ${fault}`, {
          hint: "restart the device; the boot loader has ended this trial",
        });
      }
      await store.save(confirmSlot(record, runningSlot, await store.digestImage?.(runningSlot)));
    },

    async revert() {
      const record = await load();
      if (record.currentSlot === record.workingSlot) return;
      // The trial in the record belongs to another boot.
      if (runningSlot !== record.workingSlot && ownTrialFault(record) !== undefined) return;
      await options.checkFallback?.(record);
      await store.save(revertTrial(record));
    },

    restart,
  };
}
