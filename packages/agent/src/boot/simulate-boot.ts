import { initBootRecord, readBootRecord, writeBootRecord } from "./boot-record.js";
import { nextBoot } from "./next-boot.js";

/**
 * Does what `fota-boot` does before it starts a firmware, for tests and simulators whose firmware runs in their own
 * process: chooses the slot to run from, and counts the boot of a trial, which can be confirmed only then. A trial that
 * was not confirmed is reverted at the next call. An empty folder begins with slot 0, confirmed. Durable when it
 * returns; looks at no image.
 */
export async function simulateBoot(dir: string): Promise<{ slot: number; trial: boolean }> {
  const record = (await readBootRecord(dir)) ?? (await initBootRecord(dir, 0));
  const boot = nextBoot(record, { maxTrialBoots: 1, isBootable: () => true });
  if (boot === undefined) throw new Error("a slot that is bootable boots");
  if (boot.record !== record) await writeBootRecord(dir, boot.record);
  const { slot, trial } = boot;
  return { slot, trial };
}
