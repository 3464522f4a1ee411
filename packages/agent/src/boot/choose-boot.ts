import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { FotaError, isFotaError, messageOf } from "@fota/shared";
import { readBootRecord, type SavedBootRecord, writeBootRecord } from "./boot-record.js";
import { digestHolds } from "./image-digest.js";
import { type NextBoot, nextBoot } from "./next-boot.js";
import { rebuildRecord } from "./rebuild-record.js";
import { isBootable, kindOf, slotPath, whyNotBootable } from "./slot-files.js";
import { errnoOf, storageError } from "./storage-error.js";

/** Options for choosing what to boot. */
export interface ChooseBootOptions {
  /** Folder with the slots and the boot record. */
  dir: string;
  /** Boots that a trial gets before it is reverted. */
  maxTrialBoots: number;
  /** Called with one line for each event. */
  log: (line: string) => void;
}

/**
 * Reads the record, or rebuilds it from the slots if it is lost, so that a device with an image always boots.
 * @throws {FotaError} BOOT_RECORD_INVALID if there is neither a record nor an image; SLOT_ACCESS
 */
export async function loadRecord({ dir, log }: ChooseBootOptions): Promise<SavedBootRecord> {
  let cause = missingRecordError(dir);
  try {
    const record = await readBootRecord(dir);
    if (record !== undefined) return record;
  } catch (error) {
    if (!isFotaError(error, "BOOT_RECORD_INVALID")) throw error;
    cause = error;
  }
  const record = await rebuildRecord(dir);
  if (record === undefined) throw cause;
  log(
    `LAST RESORT: ${cause.message}; rebuilt the record from the slots, booting slot ${record.currentSlot} on trial`,
  );
  return record;
}

/**
 * Reads the record after the firmware ended: the firmware may have confirmed, reverted or scheduled a trial. If the
 * record is lost by then, writes and returns the one from before the boot.
 */
export async function reloadRecord(boot: NextBoot, options: ChooseBootOptions): Promise<SavedBootRecord> {
  const record = await readBootRecord(options.dir).catch((error: unknown) => {
    options.log(messageOf(error));
    return undefined;
  });
  if (record !== undefined) return record;
  options.log("the boot record was lost while the firmware ran: restoring it");
  await trySaveRecord(boot.record, options);
  return boot.record;
}

/** Returns the error for a folder without a boot record. */
export function missingRecordError(dir: string): FotaError {
  return new FotaError("BOOT_RECORD_INVALID", `there is no boot record in ${dir}`, {
    hint: `install a first image: fota-boot --dir ${dir} --install IMAGE`,
  });
}

/**
 * Tells whether the folder `dir` exists.
 * @throws {FotaError} SLOT_ACCESS if it is not a folder, is a link to itself, or this user may not enter it
 */
export async function folderExists(dir: string): Promise<boolean> {
  let found: Stats;
  try {
    found = await stat(dir);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw storageError("SLOT_ACCESS", "cannot open the slot folder", dir, error);
  }
  if (found.isDirectory()) return true;
  throw new FotaError("SLOT_ACCESS", `${dir} is ${kindOf(found)}, not a folder`, {
    hint: "set --dir to the folder with the slots",
  });
}

/**
 * Chooses the next boot from the record. If none of its slots holds an image, boots an image from another slot on
 * trial.
 * @throws {FotaError} BOOT_RECORD_INVALID if no slot holds an image
 */
export async function chooseBoot(record: SavedBootRecord, options: ChooseBootOptions): Promise<NextBoot> {
  const boot = await bootFromRecord(record, options);
  if (boot !== undefined) return boot;
  const rebuilt = await rebuildRecord(options.dir);
  const fallback = rebuilt && (await bootFromRecord(rebuilt, options));
  if (fallback === undefined) {
    throw new FotaError(
      "BOOT_RECORD_INVALID",
      `slot ${record.workingSlot} in ${options.dir} ${await whyNotBootable(slotPath(options.dir, record.workingSlot))}`,
      {
        hint: `reinstall a known good image: fota-boot --dir ${options.dir} --install IMAGE --force`,
      },
    );
  }
  options.log(
    `LAST RESORT: slot ${record.workingSlot} holds no image; booting slot ${fallback.slot} on trial, the only image left`,
  );
  return fallback;
}

async function bootFromRecord(
  record: SavedBootRecord,
  options: ChooseBootOptions,
): Promise<NextBoot | undefined> {
  const { dir, maxTrialBoots } = options;
  const slots = [record.currentSlot, record.workingSlot, ...(record.confirmed ?? []).map(({ slot }) => slot)];
  const bootable = new Set<number>();
  const holds = new Map<number, boolean | undefined>();
  for (const slot of new Set(slots)) if (await isBootable(slotPath(dir, slot))) bootable.add(slot);
  const choose = () =>
    nextBoot(record, {
      maxTrialBoots,
      isBootable: (slot) => bootable.has(slot),
      digestHolds: (slot) => holds.get(slot),
    });
  // Reading an image takes time. A trial is not read, and the other images only if the working one is not intact.
  if (choose()?.trial === true) return choose();
  holds.set(record.workingSlot, await digestHolds(dir, record, record.workingSlot));
  if (bootable.has(record.workingSlot) && holds.get(record.workingSlot) !== false) return choose();
  for (const slot of bootable) holds.set(slot, await digestHolds(dir, record, slot));
  return choose();
}

/** Saves the record. Logs an error instead of throwing: a device must boot even if its disk is full or read-only. */
export async function trySaveRecord(
  record: SavedBootRecord,
  { dir, log }: ChooseBootOptions,
): Promise<boolean> {
  try {
    await writeBootRecord(dir, record);
    return true;
  } catch (error) {
    log(messageOf(error));
    return false;
  }
}

/**
 * Returns the boot to use if the record cannot be written. An uncounted trial could be repeated endlessly, so the
 * working slot boots instead. If that holds no image, the trial boots anyway.
 */
export async function bootWithoutRecord(boot: NextBoot, dir: string): Promise<NextBoot> {
  const { workingSlot } = boot.record;
  if (!boot.trial || !(await isBootable(slotPath(dir, workingSlot)))) return boot;
  return {
    record: boot.record,
    slot: workingSlot,
    trial: false,
    reverted: { slot: boot.slot, why: "not counted" },
  };
}
