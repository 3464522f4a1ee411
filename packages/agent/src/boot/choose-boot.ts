import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { FotaError, isFotaError, messageOf } from "@fota/shared";
import { readBootRecord, type SavedBootRecord, writeBootRecord } from "./boot-record.js";
import { digestHolds } from "./image-digest.js";
import { lastResort } from "./last-resort.js";
import { type NextBoot, nextBoot } from "./next-boot.js";
import { isBootable, kindOf, slotPath, whyNotBootable } from "./slot-files.js";
import { errnoOf, storageError } from "./storage-error.js";

/** What the choice of a boot depends on, beside the folder itself. */
export interface ChoiceOptions {
  /** Folder of the slots and the boot record. */
  dir: string;
  maxTrialBoots: number;
  /** One line for each thing that happens. */
  say: (line: string) => void;
}

/** The record, or one made from the slots where it is lost: a device with an image boots. */
export async function recordOf({ dir, say }: ChoiceOptions): Promise<SavedBootRecord> {
  let lost = noRecord(dir);
  try {
    const record = await readBootRecord(dir);
    if (record !== undefined) return record;
  } catch (error) {
    if (!isFotaError(error, "BOOT_RECORD_INVALID")) throw error;
    lost = error;
  }
  const record = await lastResort(dir);
  if (record === undefined) throw lost;
  say(
    `LAST RESORT: ${lost.message}; slot ${record.currentSlot} boots on trial, as the record is made anew from the slots`,
  );
  return record;
}

/** Reads the record that the firmware left: it may have confirmed, or scheduled another trial. */
export async function recordAfter(boot: NextBoot, options: ChoiceOptions): Promise<SavedBootRecord> {
  const record = await readBootRecord(options.dir).catch((error: unknown) => {
    options.say(messageOf(error));
    return undefined;
  });
  if (record !== undefined) return record;
  options.say("the boot record was lost while the firmware ran: it is written as it was at the start");
  await trySave(boot.record, options);
  return boot.record;
}

export function noRecord(dir: string): FotaError {
  return new FotaError("BOOT_RECORD_INVALID", `there is no boot record in ${dir}`, {
    hint: `install a first image: fota-boot --dir ${dir} --install IMAGE`,
  });
}

/**
 * Checks that `dir` is a folder, or is not there at all. Returns whether it is there.
 * @throws {FotaError} SLOT_ACCESS for a file, a FIFO, a link to itself, a folder that this user may not enter
 */
export async function isFolder(dir: string): Promise<boolean> {
  let found: Stats;
  try {
    found = await stat(dir);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw storageError("SLOT_ACCESS", "the folder of the slots cannot be opened", dir, error);
  }
  if (found.isDirectory()) return true;
  throw new FotaError("SLOT_ACCESS", `${dir} is ${kindOf(found)}, not a folder`, {
    hint: "give --dir the folder of the slots",
  });
}

export async function chooseBoot(record: SavedBootRecord, options: ChoiceOptions): Promise<NextBoot> {
  const boot = await bootBy(record, options);
  if (boot !== undefined) return boot;
  const rescue = await lastResort(options.dir);
  const rescued = rescue && (await bootBy(rescue, options));
  if (rescued === undefined) {
    throw new FotaError(
      "BOOT_RECORD_INVALID",
      `slot ${record.workingSlot} in ${options.dir} ${await whyNotBootable(slotPath(options.dir, record.workingSlot))}`,
      {
        hint: `put a known good image back: fota-boot --dir ${options.dir} --install IMAGE --force`,
      },
    );
  }
  options.say(
    `LAST RESORT: slot ${record.workingSlot} holds no image; slot ${rescued.slot} boots on trial, as nothing else is left`,
  );
  return rescued;
}

async function bootBy(record: SavedBootRecord, options: ChoiceOptions): Promise<NextBoot | undefined> {
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
  // Images are read only as far as the choice depends on them: the one to boot, the others where that is not whole.
  if (choose()?.trial === true) return choose();
  holds.set(record.workingSlot, await digestHolds(dir, record, record.workingSlot));
  if (bootable.has(record.workingSlot) && holds.get(record.workingSlot) !== false) return choose();
  for (const slot of bootable) holds.set(slot, await digestHolds(dir, record, slot));
  return choose();
}

/** Whether the record is on disk. A device whose disk is full or read-only must boot all the same. */
export async function trySave(record: SavedBootRecord, { dir, say }: ChoiceOptions): Promise<boolean> {
  try {
    await writeBootRecord(dir, record);
    return true;
  } catch (error) {
    say(messageOf(error));
    return false;
  }
}

/**
 * What to boot where the record could not be written: not a trial, which would be tried again and again, but the
 * working slot. Without an image there, the trial: nothing is lost that could be gone back to.
 */
export async function uncounted(boot: NextBoot, dir: string): Promise<NextBoot> {
  const { workingSlot } = boot.record;
  if (!boot.trial || !(await isBootable(slotPath(dir, workingSlot)))) return boot;
  return {
    record: boot.record,
    slot: workingSlot,
    trial: false,
    reverted: { slot: boot.slot, why: "not counted" },
  };
}
