import { FotaError } from "@fota/shared";
import type { SavedBootRecord } from "../boot/boot-record.js";
import { confirmSlot, revertTrial, scheduleTrial } from "../boot/next-boot.js";
import type { BootRecord, Slots } from "../core/ports.js";
import { SlotGuard, type SlotGuardOptions } from "./slot-guard.js";

/** What a command needs of `Slots` that only shows them. */
export type SlotsView = Pick<Slots, "record" | "digest" | "sha256" | "heldBytes">;

export interface RecordedSlotsOptions extends SlotGuardOptions {
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
  const guard = new SlotGuard(options);

  return {
    async record(): Promise<BootRecord> {
      const { currentSlot, workingSlot, failure } = await guard.loadRecord();
      const { slotCount } = storage;
      const slotSizeBytes = await storage.slotSizeBytes();
      const slots = { runningSlot, currentSlot, workingSlot, slotCount, slotSizeBytes };
      return failure ? { ...slots, failure } : slots;
    },

    async erase(slot, sizeBytes) {
      await guard.checkFits(slot, sizeBytes);
      await guard.releaseSlot(slot);
      await storage.erase(slot, sizeBytes);
    },

    async write(slot, offsetBytes, bytes) {
      if (offsetBytes < 0) throw new FotaError("SLOT_ACCESS", `offset ${offsetBytes} is before slot ${slot}`);
      await guard.checkFits(slot, offsetBytes + bytes.length);
      if (!storage.isOpen(slot)) await guard.releaseSlot(slot);
      await storage.write(slot, offsetBytes, bytes);
    },

    sync: (slot) => storage.sync(slot),
    digest: (slot, sizeBytes) => storage.digest(slot, sizeBytes),
    sha256: (slot, sizeBytes) => storage.sha256(slot, sizeBytes),
    heldBytes: (slot) => storage.heldBytes(slot),
    ...(storage.isReadable && {
      async read(slot: number, offsetBytes: number, bytes: Uint8Array) {
        await guard.checkFits(slot, offsetBytes + bytes.length);
        await storage.read(slot, offsetBytes, bytes);
      },
    }),
    readBack: (slot, sizeBytes) => storage.readBack(slot, sizeBytes),
    close: (slot) => storage.close(slot),

    async attempt(slot) {
      await guard.checkNotRunning(slot);
      await storage.sync(slot);
      await storage.close(slot);
      const record = await guard.loadRecord();
      if (!(await storage.holdsImage(slot))) {
        throw new FotaError("SLOT_ACCESS", `slot ${slot} holds no image to boot`);
      }
      if (record.currentSlot !== slot || record.trialBoots > 0) {
        await store.save(scheduleTrial(record, slot));
      }
    },

    async accept() {
      const record = await guard.loadRecord();
      if (record.workingSlot === runningSlot) return;
      const fault = guard.ownTrialFault(record);
      if (fault !== undefined) {
        throw new FotaError("TRIAL_OVER", `slot ${runningSlot} cannot be confirmed: ${fault}`, {
          hint: "restart the device; the boot loader has ended this trial",
        });
      }
      await store.save(confirmSlot(record, runningSlot, await store.digestImage?.(runningSlot)));
    },

    async revert() {
      const record = await guard.loadRecord();
      if (record.currentSlot === record.workingSlot) return;
      // The trial in the record belongs to another boot.
      if (runningSlot !== record.workingSlot && guard.ownTrialFault(record) !== undefined) return;
      await options.checkFallback?.(record);
      await store.save(revertTrial(record));
    },

    restart,
  };
}

/** Returns the same slots only to show them: makes, locks and changes nothing, so any number of processes may. */
export function viewOfSlots(options: RecordedSlotsOptions): SlotsView {
  const { store } = options;
  const load = () => store.read?.() ?? store.load();
  return recordedSlots({ ...options, store: { ...store, load } });
}
