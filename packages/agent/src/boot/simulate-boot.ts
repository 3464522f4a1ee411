import { initBootRecord, readBootRecord, writeBootRecord } from "./boot-record.js";
import { nextBoot } from "./next-boot.js";

/**
 * Simulates a boot of `fota-boot`, for tests and simulators that run the firmware in their own process: chooses the slot
 * to run from, and counts the boot of a trial, which can be confirmed only then. The next call reverts a trial that was
 * not confirmed. In an empty folder, slot 0 is confirmed. Durable when it returns. Does not read images.
 */
export async function simulateBoot(dir: string): Promise<{ slot: number; trial: boolean }> {
  const record = (await readBootRecord(dir)) ?? (await initBootRecord(dir, 0));
  const boot = nextBoot(record, { maxTrialBoots: 1, isBootable: () => true });
  if (boot === undefined) throw new Error("no slot can boot");
  if (boot.record !== record) await writeBootRecord(dir, boot.record);
  const { slot, trial } = boot;
  return { slot, trial };
}
