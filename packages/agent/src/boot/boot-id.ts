import { createHash, randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import { isOnTrial, type SavedBootRecord } from "./boot-record-format.js";

/**
 * Environment of a firmware: which boot it is, so that its confirm cannot be taken for that of another boot, and what
 * it leaves running can be found.
 */
export const BOOT_ID = "FOTA_BOOT_ID";

/** Makes the id of a boot in the folder that `mark` stands for. No other boot has it. */
export function newBootId(mark: string): string {
  return `${mark}-${randomBytes(8).toString("hex")}`;
}

/**
 * Returns what the ids of all boots in `dir` begin with. Told by the folder, not by its path: containers on one machine
 * use the same paths.
 */
export async function folderMark(dir: string): Promise<string> {
  const { dev, ino } = await stat(dir, { bigint: true });
  return createHash("sha256").update(`${dev} ${ino}`).digest("hex").slice(0, 12);
}

/**
 * Returns why a process in `slot` does not belong to the trial of the record; `undefined` when it does. `bootId` is
 * what the launcher gave it; launchers of earlier releases, and those of others, name no boots.
 */
export function trialMismatch(
  record: SavedBootRecord,
  slot: number,
  bootId: string | undefined,
): string | undefined {
  if (!isOnTrial(record, slot)) return `slot ${slot} is not on trial, slot ${record.currentSlot} boots next`;
  if (record.trialBoots === 0) return `slot ${slot} has not been booted since its trial was scheduled`;
  if (record.bootId === undefined || record.bootId === bootId) return undefined;
  return `the trial of slot ${slot} belongs to boot ${record.bootId}, this process to ${bootId ?? "none that is known"}`;
}
