import { stat } from "node:fs/promises";
import type { SavedBootRecord } from "./boot-record-format.js";
import { isBootable, listSlots, slotPath } from "./slot-files.js";

/**
 * Rebuilds a lost record from the slots, or returns `undefined` if there is no image. The only image boots on trial,
 * because it may be half written. Of two images, the older one boots on trial and the newer one is the fallback: an
 * update is written only while the other slot is confirmed, so the older one is more likely intact.
 */
export async function rebuildRecord(dir: string): Promise<SavedBootRecord | undefined> {
  const found: { slot: number; writtenMs: number }[] = [];
  for (const slot of (await listSlots(dir)).sort((a, b) => a - b)) {
    const path = slotPath(dir, slot);
    if (await isBootable(path)) found.push({ slot, writtenMs: (await stat(path)).mtimeMs });
  }
  const [first, second] = found.sort((a, b) => a.writtenMs - b.writtenMs);
  if (first === undefined) return undefined;
  const workingSlot = second?.slot ?? (first.slot === 0 ? 1 : 0);
  return { currentSlot: first.slot, workingSlot, trialBoots: 0, lastResort: true };
}
