import { stat } from "node:fs/promises";
import type { SavedBootRecord } from "./boot-record-format.js";
import { isBootable, slotPath, slotsIn } from "./slot-files.js";

/**
 * Returns a record made from the slots alone, for a folder whose record is lost: the only image on trial, as it may be
 * half written. Of two, the one that was written first is on trial and the other one is gone back to: an update is only
 * ever written while the other slot is confirmed. `undefined` where there is no image.
 */
export async function lastResort(dir: string): Promise<SavedBootRecord | undefined> {
  const found: { slot: number; writtenMs: number }[] = [];
  for (const slot of (await slotsIn(dir)).sort((a, b) => a - b)) {
    const path = slotPath(dir, slot);
    if (await isBootable(path)) found.push({ slot, writtenMs: (await stat(path)).mtimeMs });
  }
  const [first, second] = found.sort((a, b) => a.writtenMs - b.writtenMs);
  if (first === undefined) return undefined;
  const workingSlot = second?.slot ?? (first.slot === 0 ? 1 : 0);
  return { currentSlot: first.slot, workingSlot, trialBoots: 0, lastResort: true };
}
