import type { BootRecord } from "./core/ports.js";

/** Nine integers as the original's `get_record()` gives them (P-30). */
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

/** Any is right, as `Slots.write` takes pieces of every size: a page of most file systems and flash chips. */
const CHUNK_SIZE_BYTES = 4096;

/**
 * What the original's `get_record()` says about the same device, for code that is ported line by line. There is no
 * second program beside the image here, so the fields of the VM are 0; the slots lie in a row from address 0 on.
 */
export function legacyRecord({ currentSlot, workingSlot, slotSizeBytes }: BootRecord): LegacyRecord {
  return [1, 0, 0, 0, currentSlot, workingSlot, currentSlot * slotSizeBytes, 0, CHUNK_SIZE_BYTES];
}
