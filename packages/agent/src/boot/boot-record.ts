import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { FotaError } from "@fota/shared";
import { overwriteDurably, syncFolder } from "./durable-files.js";
import { errnoOf, storageError } from "./storage-error.js";

/**
 * The boot record of an application-level device, as `fota-boot` and the firmware share it: which slot boots next,
 * which one was confirmed last, and how often the current trial was booted. On trial is exactly: the two differ.
 */
export interface SavedBootRecord {
  currentSlot: number;
  workingSlot: number;
  trialBoots: number;
}

/** Format of the file. It outlives releases: the launcher of one version meets the firmware of another. */
const FORMAT_VERSION = 1;

/** Two copies: a power cut tears at most the one being written, and the loss of either file loses nothing. */
const COPIES = ["boot-record-a", "boot-record-b"] as const;

interface Copy {
  sequence: number;
  record: SavedBootRecord;
}

/**
 * The newest valid copy; `undefined` where there is no copy at all.
 * @throws {FotaError} BOOT_RECORD_INVALID when copies exist and none is whole; SLOT_ACCESS when the disk refuses
 */
export async function readBootRecord(dir: string): Promise<SavedBootRecord | undefined> {
  const texts = await readCopies(dir);
  if (texts.every((text) => text === undefined)) return undefined;
  const newest = newestOf(texts.map(parseCopy));
  if (newest !== undefined) return newest.record;
  throw new FotaError("BOOT_RECORD_INVALID", `neither copy of the boot record in ${dir} can be read`, {
    hint: `put a known good image back with: fota-boot --dir ${dir} --install IMAGE --force`,
  });
}

/**
 * Writes both copies, the older one first, each durable before the next is touched: at every moment at least one whole
 * copy is there, and the newest whole one is either the old record or the new one. Makes the folder where it is missing.
 * @throws {FotaError} SLOT_ACCESS when the disk refuses
 */
export async function writeBootRecord(dir: string, record: SavedBootRecord): Promise<void> {
  const copies = (await readCopies(dir)).map(parseCopy);
  const newest = newestOf(copies);
  const text = formatCopy({ sequence: (newest?.sequence ?? 0) + 1, record });
  const [first, second] = copies[0] === newest ? [COPIES[1], COPIES[0]] : COPIES;
  try {
    await mkdir(dir, { recursive: true });
    for (const name of [first, second]) {
      await overwriteDurably(join(dir, name), text);
      await syncFolder(dir);
    }
  } catch (error) {
    throw storageError("SLOT_ACCESS", "the boot record cannot be written", dir, error);
  }
}

/** The record of a folder in which `slot` holds the only, confirmed image. Safe to call twice. */
export async function initBootRecord(dir: string, slot: number): Promise<SavedBootRecord> {
  const record = { currentSlot: slot, workingSlot: slot, trialBoots: 0 };
  await writeBootRecord(dir, record);
  return record;
}

async function readCopies(dir: string): Promise<(string | undefined)[]> {
  return await Promise.all(
    COPIES.map(async (name) => {
      try {
        return await readFile(join(dir, name), "utf8");
      } catch (error) {
        if (errnoOf(error) === "ENOENT") return undefined;
        throw storageError("SLOT_ACCESS", "the boot record cannot be read", join(dir, name), error);
      }
    }),
  );
}

/** `<SHA-256 of the JSON> <JSON>\n`: whole or not, and readable with `cat`. */
function formatCopy(copy: Copy): string {
  const json = JSON.stringify({ version: FORMAT_VERSION, sequence: copy.sequence, ...copy.record });
  return `${checksum(json)} ${json}\n`;
}

function parseCopy(text: string | undefined): Copy | undefined {
  const [digest = "", json = ""] = /^([0-9a-f]{64}) (\{.*\})\n$/.exec(text ?? "")?.slice(1) ?? [];
  if (json === "" || checksum(json) !== digest) return undefined;
  const fields = JSON.parse(json) as Record<string, unknown>; // ours: the checksum holds
  if (fields["version"] !== FORMAT_VERSION) return undefined;
  const { sequence, currentSlot, workingSlot, trialBoots } = fields;
  if (!isCount(sequence) || !isCount(currentSlot) || !isCount(workingSlot) || !isCount(trialBoots))
    return undefined;
  return { sequence, record: { currentSlot, workingSlot, trialBoots } };
}

function newestOf(copies: readonly (Copy | undefined)[]): Copy | undefined {
  let newest: Copy | undefined;
  for (const copy of copies) {
    if (copy !== undefined && (newest === undefined || copy.sequence > newest.sequence)) newest = copy;
  }
  return newest;
}

function checksum(json: string): string {
  return createHash("sha256").update(json).digest("hex");
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
