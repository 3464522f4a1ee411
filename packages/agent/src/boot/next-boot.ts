import type { ConfirmedImage, SavedBootRecord } from "./boot-record-format.js";

export interface NextBootOptions {
  /** Boots that a trial gets. 1 is the original's rule: a restart without a confirm reverts (P-34). */
  maxTrialBoots: number;
  /** Tells whether a slot holds an image. */
  isBootable: (slot: number) => boolean;
  /** Tells whether a slot still holds the image confirmed in it; `undefined` if unknown. Default: always unknown. */
  digestHolds?: (slot: number) => boolean | undefined;
}

/** The slot to boot, and the record to save before the boot. */
export interface NextBoot {
  record: SavedBootRecord;
  slot: number;
  trial: boolean;
  /** The slot that this choice reverts from, and why. Only `fota-boot` sets "not counted". */
  reverted?: { slot: number; why: "not confirmed" | "empty" | "rotten" | "not counted" };
  /** The image has changed since it was confirmed, and there is no intact one. */
  rotten?: true;
}

/**
 * Chooses the slot to boot, or returns `undefined` if none can boot. Counts the boot of a trial in advance, so that a
 * device reverts after a hang or a power cut. If the confirmed image is missing or has changed, chooses another slot
 * whose confirmed image is intact. No other slot is a candidate, because its image may be half written.
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

/** Returns the record after a revert: the working slot boots next. */
export function revertTrial(record: SavedBootRecord): SavedBootRecord {
  return recordConfirming(record.workingSlot, record.confirmed);
}

/** Returns the record after a trial was scheduled: `slot` boots next, on trial. */
export function scheduleTrial({ workingSlot, confirmed }: SavedBootRecord, slot: number): SavedBootRecord {
  const others = without(confirmed, slot);
  return { currentSlot: slot, workingSlot, trialBoots: 0, ...(others.length > 0 && { confirmed: others }) };
}

/** Returns the record after `slot` was confirmed. `image` is the image in it, if its digest is known. */
export function confirmSlot(
  { confirmed }: SavedBootRecord,
  slot: number,
  image: Omit<ConfirmedImage, "slot"> | undefined,
): SavedBootRecord {
  const others = without(confirmed, slot);
  return recordConfirming(slot, image === undefined ? others : [...others, { slot, ...image }]);
}

function recordConfirming(slot: number, confirmed: readonly ConfirmedImage[] = []): SavedBootRecord {
  return { currentSlot: slot, workingSlot: slot, trialBoots: 0, ...(confirmed.length > 0 && { confirmed }) };
}

function without(confirmed: readonly ConfirmedImage[] = [], slot: number): ConfirmedImage[] {
  return confirmed.filter((image) => image.slot !== slot);
}
