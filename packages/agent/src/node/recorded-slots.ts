import { FotaError } from "@fota/shared";
import type { ConfirmedImage, SavedBootRecord } from "../boot/boot-record.js";
import { isOnTrial } from "../boot/boot-record-format.js";
import { confirmSlot, revertTrial, scheduleTrial } from "../boot/next-boot.js";
import { isBootable } from "../boot/slot-files.js";
import type { BootRecord, Slots } from "../core/ports.js";
import type { SlotStorage } from "./slot-storage.js";

/** Where the boot loader's record is kept. */
interface BootRecordStore {
  /** @throws {FotaError} BOOT_RECORD_INVALID when there is none that can be trusted */
  load(): Promise<SavedBootRecord>;
  /** Atomic, and durable when it resolves. */
  save(record: SavedBootRecord): Promise<void>;
  /** Reads what is confirmed in `slot`, for loaders that check it at each boot; `undefined` where it cannot be told. */
  digestImage?(slot: number): Promise<Omit<ConfirmedImage, "slot"> | undefined>;
}

export interface RecordedSlotsOptions {
  store: BootRecordStore;
  storage: SlotStorage;
  /** Slot that this process runs from. */
  runningSlot: number;
  /**
   * Returns why this process does not belong to the trial that the record has of `runningSlot`, for loaders that tell
   * one boot from another; `undefined` when it does.
   */
  whyNotTheTrial?: (record: SavedBootRecord) => string | undefined;
  /** Throws FALLBACK_MISSING where the loader finds nothing to go back to: a device that works in part can be updated. */
  checkGoesBack?: (record: SavedBootRecord) => Promise<void>;
  restart: () => Promise<void>;
}

/**
 * `Slots` over a record and the bytes of the slots, wherever the two are kept. Beyond the contract it refuses to erase
 * the slot that a failed trial goes back to, and cancels a scheduled trial before it touches that slot, so that the
 * record never names a slot with a half-written image.
 */
export function recordedSlots(options: RecordedSlotsOptions): Slots {
  const { store, storage, runningSlot, restart } = options;

  async function load(): Promise<SavedBootRecord> {
    const record = await store.load();
    for (const slot of [record.currentSlot, record.workingSlot, runningSlot]) {
      if (slot < storage.slotCount) continue;
      throw new FotaError(
        "BOOT_RECORD_INVALID",
        `slot ${slot} boots, and only slots 0 to ${storage.slotCount - 1} are given`,
        { hint: "name as many slots as the device was set up with" },
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
      hint: "an update goes to the slot that does not run",
    });
  }

  /** Makes sure that no boot depends on `slot` before it changes. */
  async function release(slot: number): Promise<void> {
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
   * Why this process may not decide on the trial of the record. A process outlives its trial when it left the process
   * group, and an image that died must not be confirmed by what it left running.
   */
  function whyNotOurTrial(record: SavedBootRecord): string | undefined {
    if (!isOnTrial(record, runningSlot)) {
      return `slot ${runningSlot} is not on trial, slot ${record.currentSlot} boots next`;
    }
    return options.whyNotTheTrial?.(record);
  }

  return {
    async record(): Promise<BootRecord> {
      const [{ currentSlot, workingSlot }, slotSizeBytes] = [await load(), await storage.slotSizeBytes()];
      return { runningSlot, currentSlot, workingSlot, slotCount: storage.slotCount, slotSizeBytes };
    },

    async erase(slot, sizeBytes) {
      await checkFits(slot, sizeBytes);
      await release(slot);
      await storage.erase(slot, sizeBytes);
    },

    async write(slot, offsetBytes, bytes) {
      if (offsetBytes < 0) throw new FotaError("SLOT_ACCESS", `offset ${offsetBytes} is before slot ${slot}`);
      await checkFits(slot, offsetBytes + bytes.length);
      if (!storage.isOpen(slot)) await release(slot);
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
      const why = whyNotOurTrial(record);
      if (why !== undefined) {
        throw new FotaError("TRIAL_OVER", `slot ${runningSlot} cannot be confirmed: ${why}`, {
          hint: "restart: the boot loader has ended this trial",
        });
      }
      await store.save(confirmSlot(record, runningSlot, await store.digestImage?.(runningSlot)));
    },

    async revert() {
      const record = await load();
      if (record.currentSlot === record.workingSlot) return;
      // Ours is over, and this one is another boot's.
      if (runningSlot !== record.workingSlot && whyNotOurTrial(record) !== undefined) return;
      await options.checkGoesBack?.(record);
      await store.save(revertTrial(record));
    },

    restart,
  };
}
