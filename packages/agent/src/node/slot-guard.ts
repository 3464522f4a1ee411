import { FotaError } from "@fota/shared";
import type { ConfirmedImage, SavedBootRecord } from "../boot/boot-record.js";
import { isOnTrial } from "../boot/boot-record-format.js";
import { revertTrial } from "../boot/next-boot.js";
import type { Storage } from "./slot-storage.js";

/** Loads and saves the boot loader's record. */
interface BootRecordStore {
  /**
   * Returns the record to change it, and takes the lock of the store, if it has one.
   * @throws {FotaError} BOOT_RECORD_INVALID if there is no valid record; DEVICE_BUSY
   */
  load(): Promise<SavedBootRecord>;
  /** Returns the record only to show it: makes, locks and changes nothing. Absent: so does `load`. */
  read?(): Promise<SavedBootRecord>;
  /** Saves atomically. Durable when it resolves. */
  save(record: SavedBootRecord): Promise<void>;
  /**
   * Returns size and digest of the image in `slot`, for boot loaders that check it at each boot; `undefined` if
   * unknown. Each confirm reads the image again, although it was verified before the trial: an image that has changed its
   * own file on trial would otherwise not match at the next boot, which would revert what was confirmed.
   */
  digestImage?(slot: number): Promise<Omit<ConfirmedImage, "slot"> | undefined>;
}

export interface SlotGuardOptions {
  store: BootRecordStore;
  storage: Storage;
  /** Slot that this process runs from. */
  runningSlot: number;
  /**
   * Returns why this process does not belong to the trial of `runningSlot` in the record, or `undefined` if it does.
   * For boot loaders that give each boot an id.
   */
  trialMismatch?: (record: SavedBootRecord) => string | undefined;
}

/** Refuses what would write the running slot, lose the image to revert to, or end the trial of another boot. */
export class SlotGuard {
  readonly #options: SlotGuardOptions;

  constructor(options: SlotGuardOptions) {
    this.#options = options;
  }

  /** @throws {FotaError} BOOT_RECORD_INVALID if there is no valid record, or it names a slot that is not configured */
  async loadRecord(): Promise<SavedBootRecord> {
    const { store, storage, runningSlot } = this.#options;
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

  /** @throws {FotaError} SLOT_ACCESS if there is no such slot, or it has fewer than `endBytes` bytes */
  async checkFits(slot: number, endBytes: number): Promise<void> {
    const { storage } = this.#options;
    storage.pathOf(slot);
    const slotSizeBytes = await storage.slotSizeBytes();
    if (endBytes <= slotSizeBytes) return;
    throw new FotaError("SLOT_ACCESS", `${endBytes} bytes do not fit slot ${slot} of ${slotSizeBytes} bytes`);
  }

  /** @throws {FotaError} SLOT_RUNNING if this process runs from the slot, also under another name */
  async checkNotRunning(slot: number): Promise<void> {
    const { storage, runningSlot } = this.#options;
    if (slot !== runningSlot && !(await storage.isSame(slot, runningSlot))) return;
    const alias = slot === runningSlot ? "" : `, which is slot ${runningSlot} under another name,`;
    throw new FotaError("SLOT_RUNNING", `slot ${slot}${alias} is running`, {
      hint: "write the update to a slot that is not running",
    });
  }

  /**
   * Makes sure that the boot loader does not need `slot`: must be called before the slot changes.
   * @throws {FotaError} SLOT_RUNNING, or SLOT_ACCESS if a trial reverts to the slot
   */
  async releaseSlot(slot: number): Promise<void> {
    const { store, runningSlot } = this.#options;
    await this.checkNotRunning(slot);
    const record = await this.loadRecord();
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
  ownTrialFault(record: SavedBootRecord): string | undefined {
    const { runningSlot, trialMismatch } = this.#options;
    if (isOnTrial(record, runningSlot)) return trialMismatch?.(record);
    return `slot ${runningSlot} is not on trial, slot ${record.currentSlot} boots next`;
  }
}
