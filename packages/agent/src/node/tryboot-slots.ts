import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FotaError } from "@fota/shared";
import { trialMismatch } from "../boot/boot-id.js";
import type { SavedBootRecord } from "../boot/boot-record.js";
import type { Slots } from "../core/ports.js";
import { type Autoboot, readAutoboot, writeAutoboot } from "./autoboot.js";
import { type BootLoader, type LoaderSlotsOptions, loaderSlots, lockedStore, reboot } from "./boot-loader.js";

export interface TrybootLoaderOptions {
  /** autoboot.txt on the first partition (docs/raspberry-pi.md). */
  autobootFile: string;
  /**
   * Number of the boot partition of each slot, by index.
   * @default [2, 3]
   */
  partitions?: readonly number[];
  /**
   * Folder where the firmware tells what it booted.
   * @default /proc/device-tree/chosen/bootloader
   */
  bootloaderDir?: string;
  /**
   * Restarts the device. With `tryboot`, the firmware must get its one-shot flag.
   * @default runs `reboot` or `reboot "0 tryboot"`, which ends this process
   */
  restart?: (tryboot: boolean) => Promise<void>;
}

export interface TrybootSlotsOptions extends TrybootLoaderOptions, LoaderSlotsOptions {}

/**
 * Returns slots that the firmware of a Raspberry Pi boots (docs/raspberry-pi.md): its one-shot flag boots a trial,
 * autoboot.txt names the confirmed slot.
 * @throws {FotaError} RUNNING_SLOT_UNKNOWN if the firmware does not tell which partition it booted, or that is no slot
 */
export function trybootSlots(options: TrybootSlotsOptions): Slots {
  return loaderSlots(trybootLoader(options), options);
}

/**
 * Returns the firmware for slots that an installer writes, such as `swupdateSlots`.
 * @throws {FotaError} as `trybootSlots`
 */
export function trybootLoader(options: TrybootLoaderOptions): BootLoader {
  const { autobootFile, partitions = [2, 3], restart = rebootFlagged } = options;
  const { bootloaderDir = "/proc/device-tree/chosen/bootloader" } = options;
  const runningSlot = readRunningSlot(bootloaderDir, partitions);
  return {
    store: {
      ...lockedStore(autobootFile, async () => {
        const autoboot = await readAutoboot(autobootFile);
        return parseRecord(autoboot, partitions, readRunningSlot(bootloaderDir, partitions));
      }),
      save: (record) => writeAutoboot(autobootFile, autobootOf(record, partitions)),
    },
    runningSlot,
    trialMismatch: (record) => trialMismatch(record, runningSlot, undefined),
    restart: () => restartDevice(autobootFile, restart),
  };
}

/**
 * Restarts, with the one-shot flag if a trial is scheduled. The firmware does not tell a trial that died from one that
 * never began; so the file says first that it began. A power cut before the restart then counts as a dead trial.
 */
async function restartDevice(path: string, restart: (tryboot: boolean) => Promise<void>): Promise<void> {
  const autoboot = await readAutoboot(path);
  if (autoboot.trial !== "scheduled") return await restart(false);
  await writeAutoboot(path, { ...autoboot, trial: "started" });
  try {
    await restart(true);
  } catch (error) {
    await writeAutoboot(path, autoboot);
    throw error;
  }
}

function parseRecord(
  { partition, tryPartition, trial }: Autoboot,
  partitions: readonly number[],
  runningSlot: number,
): SavedBootRecord {
  const [workingSlot, trySlot] = [partitions.indexOf(partition), partitions.indexOf(tryPartition)];
  if (workingSlot < 0 || trySlot < 0) {
    const found = workingSlot < 0 ? partition : tryPartition;
    throw new FotaError("BOOT_RECORD_INVALID", `partition ${found} in autoboot.txt is not that of a slot`, {
      hint: `set boot_partition to one of ${partitions.join(", ")}, or configure the partitions of the slots`,
    });
  }
  const isStarted = trial === "started" && runningSlot === trySlot;
  if (trial !== "scheduled" && !isStarted) {
    return { currentSlot: workingSlot, workingSlot, trialBoots: 0 };
  }
  return { currentSlot: trySlot, workingSlot, trialBoots: isStarted ? 1 : 0 };
}

function autobootOf(
  { currentSlot, workingSlot, trialBoots }: SavedBootRecord,
  partitions: readonly number[],
): Autoboot {
  const isTrial = currentSlot !== workingSlot;
  const partition = partitions[workingSlot] ?? 0;
  return {
    partition,
    tryPartition:
      (isTrial ? partitions[currentSlot] : partitions.find((one) => one !== partition)) ?? partition,
    trial: !isTrial ? "none" : trialBoots === 0 ? "scheduled" : "started",
  };
}

/** Returns the slot of the partition that the firmware booted: a big-endian number in the device tree. */
function readRunningSlot(bootloaderDir: string, partitions: readonly number[]): number {
  const path = join(bootloaderDir, "partition");
  let partition: number;
  try {
    partition = readFileSync(path).readUInt32BE();
  } catch (cause) {
    throw new FotaError("RUNNING_SLOT_UNKNOWN", `cannot read the booted partition from ${path}`, {
      cause,
      hint: "use a Raspberry Pi with firmware of 2022 or later",
    });
  }
  const slot = partitions.indexOf(partition);
  if (slot >= 0) return slot;
  throw new FotaError(
    "RUNNING_SLOT_UNKNOWN",
    `the device booted partition ${partition}, which is not a slot`,
    {
      hint: `boot partition ${partitions.join(" or ")}, or configure the partitions of the slots`,
    },
  );
}

async function rebootFlagged(tryboot: boolean): Promise<void> {
  await (tryboot ? reboot("0 tryboot") : reboot());
}
