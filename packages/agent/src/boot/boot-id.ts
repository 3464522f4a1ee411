import { isOnTrial, type SavedBootRecord } from "./boot-record-format.js";

/** Environment of a firmware: which boot it is, so that its confirm cannot be taken for that of another boot. */
export const BOOT_ID = "FOTA_BOOT_ID";

/**
 * Returns why a process in `slot` does not belong to the trial of the record; `undefined` when it does. `bootId` is
 * what the launcher gave it; launchers of earlier releases, and those of others, name no boots.
 */
export function whyNotTheTrial(
  record: SavedBootRecord,
  slot: number,
  bootId: string | undefined,
): string | undefined {
  if (!isOnTrial(record, slot)) return `slot ${slot} is not on trial, slot ${record.currentSlot} boots next`;
  if (record.trialBoots === 0) return `slot ${slot} has not been booted since its trial was ordered`;
  if (record.bootId === undefined || record.bootId === bootId) return undefined;
  return `the trial of slot ${slot} belongs to boot ${record.bootId}, this process to ${bootId ?? "none that is known"}`;
}
