import { trialMismatch } from "../boot/boot-id.js";
import type { SimulatedRecord } from "../boot/simulated-record.js";
import { slotPath } from "../boot/slot-files.js";
import type { Buffers, Slots } from "../core/ports.js";
import { recordedSlots } from "./recorded-slots.js";
import { SimulatedStorage } from "./simulated-storage.js";

export interface SimulatedSlotsOptions {
  /** Folder with `slot-0` and `slot-1`, which are created as needed. */
  dir: string;
  record: SimulatedRecord;
  /** Slot that the simulated firmware runs from. */
  runningSlot: number;
  /** Largest image in bytes. Nothing is reserved on the disk. */
  slotSizeBytes: number;
  /** Lends the buffers that slots are read into. Default: each reading allocates its own. */
  buffers?: Buffers;
  /** Restarts the simulated device. */
  restart: () => Promise<void>;
}

/**
 * Returns the slots of a device that this process simulates: files as those of `fileSlots`, which are not synced. They
 * survive the end of this process, also by `kill -9`, but not a power cut of this machine.
 */
export function simulatedSlots(options: SimulatedSlotsOptions): Slots {
  const { dir, record, runningSlot, slotSizeBytes, buffers, restart } = options;
  const paths = [0, 1].map((slot) => slotPath(dir, slot));
  return recordedSlots({
    store: record,
    storage: new SimulatedStorage(paths, slotSizeBytes, buffers),
    runningSlot,
    trialMismatch: (saved) => trialMismatch(saved, runningSlot, undefined),
    restart,
  });
}
