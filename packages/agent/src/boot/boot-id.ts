import { createHash, randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import { isOnTrial, type SavedBootRecord } from "./boot-record-format.js";

/**
 * Environment variable with the id of the boot that a firmware process belongs to. A confirm is valid only for its own
 * boot, and processes that a firmware leaves running are found by it.
 */
export const BOOT_ID = "FOTA_BOOT_ID";

/** Returns a new id for a boot in the folder with the id `folderId`. No other boot has it. */
export function newBootId(folderId: string): string {
  return `${folderId}-${randomBytes(8).toString("hex")}`;
}

/**
 * Returns the prefix of all boot ids in `dir`. Derived from the inode and not from the path, because containers on one
 * machine use the same paths.
 */
export async function readFolderId(dir: string): Promise<string> {
  const { dev, ino } = await stat(dir, { bigint: true });
  return createHash("sha256").update(`${dev} ${ino}`).digest("hex").slice(0, 12);
}

/**
 * Returns why a process in `slot` does not belong to the trial in the record, or `undefined` if it does. `bootId` is
 * the id that the process got from its launcher: `undefined` if that is an earlier release or another launcher.
 */
export function trialMismatch(
  record: SavedBootRecord,
  slot: number,
  bootId: string | undefined,
): string | undefined {
  if (!isOnTrial(record, slot)) return `slot ${slot} is not on trial, slot ${record.currentSlot} boots next`;
  if (record.trialBoots === 0) return `slot ${slot} has not been booted since its trial was scheduled`;
  if (record.bootId === undefined || record.bootId === bootId) return undefined;
  return `the trial of slot ${slot} belongs to boot ${record.bootId}, this process to ${bootId ?? "an unknown boot"}`;
}
