import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { COPIES, readNewestCopy, type SavedBootRecord } from "./boot-record.js";
import { formatCopy } from "./boot-record-format.js";
import { lockFolder } from "./folder-lock.js";
import { nextBoot } from "./next-boot.js";
import { overwrite } from "./overwrite.js";
import { storageError } from "./storage-error.js";

export interface SimulatedRecordOptions {
  /**
   * Locks the folder against other processes until this one ends, which takes an open file. With false, the caller makes
   * sure that no other process uses it.
   * @default true
   */
  lock?: boolean;
}

/**
 * The boot record of a device that this process simulates. It is in memory and in the files of `fota-boot`, which are
 * not synced: the device survives the end of this process, also by `kill -9`, but not a power cut of this machine. So
 * thousands of devices in one process neither read the record again nor wait for the disk.
 */
export interface SimulatedRecord {
  load(): Promise<SavedBootRecord>;
  /** @throws {FotaError} SLOT_ACCESS */
  save(record: SavedBootRecord): Promise<void>;
  /**
   * Simulates a boot, as `simulateBoot` does: chooses the slot to run from, counts the boot of a trial, and reverts a
   * trial that was not confirmed.
   * @throws {FotaError} SLOT_ACCESS
   */
  boot(): { slot: number; trial: boolean };
}

/**
 * Opens the record in `dir`. In an empty folder, slot 0 is confirmed.
 * @throws {FotaError} DEVICE_BUSY if another process uses the folder; BOOT_RECORD_INVALID, SLOT_ACCESS
 */
export async function openSimulatedRecord(
  dir: string,
  { lock = true }: SimulatedRecordOptions = {},
): Promise<SimulatedRecord> {
  makeFolder(dir);
  if (lock) await lockFolder(dir, "agent");
  const newest = await readNewestCopy(dir);
  let sequence = newest?.sequence ?? 0;
  let writeOrder = newest?.writeOrder ?? COPIES;
  let record = newest?.record ?? { currentSlot: 0, workingSlot: 0, trialBoots: 0 };

  function save(changed: SavedBootRecord): void {
    sequence += 1;
    const text = formatCopy({ sequence, record: changed });
    try {
      for (const copy of writeOrder) {
        overwrite(join(dir, copy), text, 0o644);
        writeOrder = [writeOrder[1], writeOrder[0]]; // the other one is the older now
      }
    } catch (error) {
      throw storageError("SLOT_ACCESS", "cannot write the boot record", dir, error);
    }
    record = changed;
  }

  if (newest === undefined) save(record);
  return {
    load: async () => record,
    save: async (changed) => save(changed),
    boot() {
      const boot = nextBoot(record, { maxTrialBoots: 1, isBootable: () => true });
      if (boot === undefined) throw new Error("no slot can boot");
      if (boot.record !== record) save(boot.record);
      return { slot: boot.slot, trial: boot.trial };
    },
  };
}

function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true });
  } catch (error) {
    throw storageError("SLOT_ACCESS", "cannot create the slot folder", dir, error);
  }
}
