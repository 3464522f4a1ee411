import type { ConfirmedImage, SavedBootRecord } from "./boot-record-format.js";

export interface NextBootOptions {
  /** Boots that a trial gets. 1 is the original's rule: a restart without a confirm goes back (P-34). */
  maxTrialBoots: number;
  /** Whether there is an image in a slot. */
  isBootable: (slot: number) => boolean;
  /** Whether a slot still holds what was confirmed in it; `undefined` where that is not known. Default: not known. */
  digestHolds?: (slot: number) => boolean | undefined;
}

/** What to boot, and the record to write before it is booted. */
export interface NextBoot {
  record: SavedBootRecord;
  slot: number;
  trial: boolean;
  /** Set where a slot was given up here, and why. "not counted": only `fota-boot` knows that. */
  reverted?: { slot: number; why: "not confirmed" | "empty" | "rotten" | "not counted" };
  /** The image has changed since it was confirmed, and there is no better one. */
  rotten?: true;
}

/**
 * Chooses the slot to boot. The boot of a trial is counted before it happens: a device that hangs or loses power in it
 * goes back. A confirmed image that is gone or has changed is replaced by another one that was confirmed and is whole;
 * no other slot is a candidate, as what is in it may be half written. `undefined`: nothing boots.
 */
export function nextBoot(record: SavedBootRecord, options: NextBootOptions): NextBoot | undefined {
  const { currentSlot, workingSlot, trialBoots } = record;
  if (currentSlot === workingSlot) return confirmedBoot(record, options);
  const { isBootable, digestHolds } = options;
  const currentBoots = isBootable(currentSlot);
  const workingBoots = isBootable(workingSlot) && digestHolds?.(workingSlot) !== false;
  if (currentBoots && (trialBoots < options.maxTrialBoots || !workingBoots)) {
    return { record: { ...record, trialBoots: trialBoots + 1 }, slot: currentSlot, trial: true };
  }
  const why = currentBoots ? "not confirmed" : "empty";
  const boot = confirmedBoot(revertTrial(record), options);
  return boot && { reverted: { slot: currentSlot, why }, ...boot };
}

function confirmedBoot(record: SavedBootRecord, options: NextBootOptions): NextBoot | undefined {
  const { isBootable, digestHolds } = options;
  const { workingSlot, confirmed = [] } = record;
  const boots = isBootable(workingSlot);
  if (boots && digestHolds?.(workingSlot) !== false) return { record, slot: workingSlot, trial: false };
  const other = confirmed.find(
    ({ slot }) => slot !== workingSlot && isBootable(slot) && digestHolds?.(slot) === true,
  );
  if (other === undefined) {
    return boots ? { record, slot: workingSlot, trial: false, rotten: true } : undefined;
  }
  return {
    record: {
      currentSlot: other.slot,
      workingSlot: other.slot,
      trialBoots: 0,
      confirmed: confirmed.filter(({ slot }) => slot !== workingSlot),
    },
    slot: other.slot,
    trial: false,
    reverted: { slot: workingSlot, why: boots ? "rotten" : "empty" },
  };
}

/** Returns the record after the trial ended without a confirm: the working slot boots next. */
export function revertTrial(record: SavedBootRecord): SavedBootRecord {
  return settledOn(record.workingSlot, record.confirmed);
}

/** Returns the record that boots `slot` next, on trial. */
export function scheduleTrial({ workingSlot, confirmed }: SavedBootRecord, slot: number): SavedBootRecord {
  const others = without(confirmed, slot);
  return { currentSlot: slot, workingSlot, trialBoots: 0, ...(others.length > 0 && { confirmed: others }) };
}

/** Returns the record after `slot` was confirmed; `image` is what it holds, if known. */
export function confirmSlot(
  { confirmed }: SavedBootRecord,
  slot: number,
  image: Omit<ConfirmedImage, "slot"> | undefined,
): SavedBootRecord {
  const others = without(confirmed, slot);
  return settledOn(slot, image === undefined ? others : [...others, { slot, ...image }]);
}

function settledOn(slot: number, confirmed: readonly ConfirmedImage[] = []): SavedBootRecord {
  return { currentSlot: slot, workingSlot: slot, trialBoots: 0, ...(confirmed.length > 0 && { confirmed }) };
}

function without(confirmed: readonly ConfirmedImage[] = [], slot: number): ConfirmedImage[] {
  return confirmed.filter((image) => image.slot !== slot);
}
