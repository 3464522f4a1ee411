import { FotaError } from "@fota/shared";
import { writeInPlace } from "../boot/durable-files.js";
import { readSmallFile } from "../boot/small-file.js";
import { errnoOf, storageError } from "../boot/storage-error.js";

/**
 * Size of the file: one sector, so that a power cut leaves either the old or the new file. It is also the firmware's
 * limit (Raspberry Pi documentation, "autoboot.txt").
 */
const FILE_BYTES = 512;

/** What autoboot.txt tells the firmware, and what fota remembers in a comment. */
export interface Autoboot {
  /** Partition to boot. */
  partition: number;
  /** Partition to boot after `reboot "0 tryboot"`. */
  tryPartition: number;
  /** The trial of `tryPartition`. `started`: the device was restarted for it, so it must not be started again. */
  trial: "none" | "scheduled" | "started";
}

const HINT = "create the file as docs/raspberry-pi.md describes";
const TRIALS = ["none", "scheduled", "started"] as const;

/** @throws {FotaError} BOOT_RECORD_INVALID if it is missing, or has lines that fota does not write; SLOT_ACCESS */
export async function readAutoboot(path: string): Promise<Autoboot> {
  let text: string;
  try {
    text = await readSmallFile(path, FILE_BYTES);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") throw invalid(`${path} does not exist`);
    if (errnoOf(error) === "EFBIG") throw invalid(`${path} has more than ${FILE_BYTES} bytes`);
    throw storageError("SLOT_ACCESS", "cannot read autoboot.txt", path, error);
  }
  if (text.length !== FILE_BYTES) throw invalid(`${path} has ${text.length} bytes, not ${FILE_BYTES}`);
  return parseAutoboot(path, text);
}

/** Overwrites the file in place. Durable when it resolves. @throws {FotaError} SLOT_ACCESS */
export async function writeAutoboot(path: string, autoboot: Autoboot): Promise<void> {
  try {
    await writeInPlace(path, 0, Buffer.from(formatAutoboot(autoboot)));
  } catch (error) {
    throw storageError("SLOT_ACCESS", "cannot write autoboot.txt", path, error);
  }
}

/** Returns the text of the file. Blank lines fill it up. */
function formatAutoboot({ partition, tryPartition, trial }: Autoboot): string {
  const lines = [
    "[all]",
    "tryboot_a_b=1",
    `boot_partition=${partition}`,
    "[tryboot]",
    `boot_partition=${tryPartition}`,
    `# fota: trial ${trial}`,
  ];
  return lines.join("\n").padEnd(FILE_BYTES, "\n");
}

function parseAutoboot(path: string, text: string): Autoboot {
  const [, partition, tryPartition, , trial = "none"] =
    /^\[all\]\ntryboot_a_b=1\nboot_partition=(\d{1,3})\n\[tryboot\]\nboot_partition=(\d{1,3})(\n# fota: trial (\w+))?\n*$/.exec(
      text,
    ) ?? [];
  const known = TRIALS.find((name) => name === trial);
  if (partition === undefined || known === undefined) {
    throw invalid(`${path} is not an autoboot.txt of fota: a write would lose its other lines`);
  }
  return { partition: Number(partition), tryPartition: Number(tryPartition), trial: known };
}

function invalid(message: string): FotaError {
  return new FotaError("BOOT_RECORD_INVALID", message, { hint: HINT });
}
