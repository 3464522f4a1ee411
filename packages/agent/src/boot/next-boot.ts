import type { SavedBootRecord } from "./boot-record.js";

export interface NextBootOptions {
  /** Boots that a trial gets. 1 is the original's rule: a restart without a confirm goes back (P-34). */
  maxTrialBoots: number;
  /** Whether there is an image in a slot. */
  isBootable: (slot: number) => boolean;
}

/** What to boot, and the record to write before it is booted. */
export interface NextBoot {
  record: SavedBootRecord;
  slot: number;
  trial: boolean;
  /** Set where a trial ended here: the slot that was given up, and why. "not counted": only `fota-boot` knows that. */
  reverted?: { slot: number; why: "not confirmed" | "empty" | "not counted" };
}

/**
 * Chooses the slot to boot. The boot of a trial is counted before it happens: a device that hangs or loses power in it
 * goes back. Only the two slots of the record are candidates, as both were verified once. `undefined`: nothing boots.
 */
export function nextBoot(record: SavedBootRecord, options: NextBootOptions): NextBoot | undefined {
  const { currentSlot, workingSlot, trialBoots } = record;
  if (currentSlot === workingSlot) {
    return options.isBootable(workingSlot) ? { record, slot: workingSlot, trial: false } : undefined;
  }
  const currentBoots = options.isBootable(currentSlot);
  const workingBoots = options.isBootable(workingSlot);
  if (currentBoots && (trialBoots < options.maxTrialBoots || !workingBoots)) {
    return { record: { ...record, trialBoots: trialBoots + 1 }, slot: currentSlot, trial: true };
  }
  if (!workingBoots) return undefined;
  const why = currentBoots ? "not confirmed" : "empty";
  return { record: wentBack(record), slot: workingSlot, trial: false, reverted: { slot: currentSlot, why } };
}

/** Returns the record after a trial was given up. */
export function wentBack(record: SavedBootRecord): SavedBootRecord {
  return { currentSlot: record.workingSlot, workingSlot: record.workingSlot, trialBoots: 0 };
}

/** Returns the record after the trial of `slot` was ordered: no boot of it was made yet. */
export function ordered({ workingSlot }: SavedBootRecord, slot: number): SavedBootRecord {
  return { currentSlot: slot, workingSlot, trialBoots: 0 };
}
