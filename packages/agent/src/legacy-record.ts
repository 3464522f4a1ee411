import type { BootRecord } from "./core/ports.js";

/** The nine integers that the original's `get_record()` returns (P-30). */
export type LegacyRecord = readonly [
  valid: number,
  runningVm: number,
  currentVm: number,
  workingVm: number,
  currentSlot: number,
  workingSlot: number,
  currentAddress: number,
  vmAddress: number,
  chunkSizeBytes: number,
];

/**
 * The page size of most file systems and flash chips. Any value works, because `Slots.write` takes pieces of any size.
 */
const CHUNK_SIZE_BYTES = 4096;

/**
 * Returns what the original's `get_record()` returns for the same device, for code that is ported line by line. The
 * fields of the VM are 0, because there is no second program besides the image. Addresses assume that the slots follow
 * each other from address 0.
 */
export function legacyRecord({ currentSlot, workingSlot, slotSizeBytes }: BootRecord): LegacyRecord {
  return [1, 0, 0, 0, currentSlot, workingSlot, currentSlot * slotSizeBytes, 0, CHUNK_SIZE_BYTES];
}
