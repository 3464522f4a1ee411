import type { Slots } from "../core/ports.js";

/** A device for one case: at least two slots of 32 KiB or more, with the running one confirmed. */
export interface SlotsUnderTest {
  slots: Slots;
  /**
   * Cuts the power, lets the boot loader boot, and returns the port of the process that it started. Any image boots.
   * The previous port stands for a process that was left running; it must not change anything.
   */
  reboot(): Promise<Slots>;
  /** Releases what `makeSlots` created. */
  dispose?(): Promise<void>;
}

/** A rule of the contract, and a check that rejects if the port breaks it. */
export type ContractRule = readonly [title: string, check: (device: SlotsUnderTest) => Promise<void>];

/** Largest number of boots that a boot loader may give a trial before it reverts. */
export const TRIAL_BOOTS_MAX = 10;

/** Digests of `pattern(4000)` and `pattern(10000)`, from md5sum and sha256sum. */
export const PATTERN_4000 = {
  md5: "4c983d509748aa1355869b17f1b2b5eb",
  sha256: "b30b32267bb654ea6a7079019ba4ae58d5dff935d8f7ec6ce85384d45c4efccb",
};
export const PATTERN_10000 = {
  md5: "f6616ada06b2896e56a6e7c433ad7dbf",
  sha256: "e31b92f283ec18dfc36062fa2b6feafbf22d2ea75d05e8c19c65a67ebd4cb1a4",
};

/** Returns bytes with a fixed pattern. */
export function pattern(sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, i) => (i * 31 + (i >> 8)) & 255);
}

/** Returns a slot that is not running. */
export async function freeSlot(slots: Slots): Promise<number> {
  return (await slots.record()).runningSlot === 0 ? 1 : 0;
}

/** Writes `pattern(10000)` to the free slot, in small pieces, and makes it durable. */
export async function fillFreeSlot(slots: Slots): Promise<number> {
  const slot = await freeSlot(slots);
  const bytes = pattern(10_000);
  await slots.erase(slot, bytes.length);
  for (let at = 0; at < bytes.length; at += 4_096)
    await slots.write(slot, at, bytes.subarray(at, at + 4_096));
  await slots.sync(slot);
  return slot;
}

/** Fills the free slot and schedules its trial. Returns the slot. */
export async function attemptFreeSlot(slots: Slots): Promise<number> {
  const slot = await fillFreeSlot(slots);
  await slots.close(slot);
  await slots.attempt(slot);
  return slot;
}

/** Boots until `old` runs again, as it must after a trial that is not confirmed. */
export async function bootUntilReverted(device: SlotsUnderTest, old: number): Promise<Slots> {
  let slots = await device.reboot();
  for (let boots = 1; boots <= TRIAL_BOOTS_MAX; boots += 1) {
    if ((await slots.record()).runningSlot === old) break;
    slots = await device.reboot();
  }
  return slots;
}
