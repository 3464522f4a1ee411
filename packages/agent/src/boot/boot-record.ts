import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FotaError, makeFolders } from "@fota/shared";
import {
  findNewest,
  formatCopy,
  parseCopy,
  type RecordCopy,
  type SavedBootRecord,
} from "./boot-record-format.js";
import { overwriteDurably, replaceDurably, setAside, syncFolder } from "./durable-files.js";
import { isPlainFile, readSmallFile } from "./small-file.js";
import { errnoOf, isFileFault, storageError } from "./storage-error.js";

export type { ConfirmedImage, SavedBootRecord } from "./boot-record-format.js";

/** Two copies: a power cut tears at most the one that is being written, and either file alone is enough. */
export const COPIES = ["boot-record-a", "boot-record-b"] as const;
const COPY_MODE = 0o644;
/** Far above the size of any record. */
const COPY_MAX_BYTES = 64 * 1024;

/**
 * Returns the record from the newest intact copy, or `undefined` if no copy exists. A copy that the disk cannot read
 * (EIO), or that is not a file, counts as damaged.
 * @throws {FotaError} BOOT_RECORD_INVALID if copies exist and all are damaged; SLOT_ACCESS if this process cannot open
 * files at all
 */
export async function readBootRecord(dir: string): Promise<SavedBootRecord | undefined> {
  return (await readNewestCopy(dir))?.record;
}

/**
 * Returns the newest intact copy, with its sequence number, as `readBootRecord` does, and in which order to write the
 * copies.
 */
export async function readNewestCopy(
  dir: string,
): Promise<(RecordCopy & { writeOrder: WriteOrder }) | undefined> {
  const found = await readCopies(dir);
  const copies = found.map(({ copy }) => copy);
  const newest = findNewest(copies);
  if (newest !== undefined) return { ...newest, writeOrder: writeOrderOf(copies, newest) };
  if (found.every(({ fault }) => fault === "missing")) return undefined;
  const faults = found.map(({ fault }, i) => `${COPIES[i]}: ${fault}`).join(", ");
  throw new FotaError("BOOT_RECORD_INVALID", `no copy of the boot record in ${dir} can be read (${faults})`, {
    hint: `reinstall a known good image: fota-boot --dir ${dir} --install IMAGE --force`,
  });
}

/**
 * Writes both copies, the damaged or older one first. The first copy is durable before the second one is touched, so a
 * power cut leaves an intact copy with either the old or the new record. Replaces a copy that cannot be overwritten.
 * Succeeds if one copy was written. Creates the folder if it is missing.
 * @throws {FotaError} SLOT_ACCESS if no copy can be written
 */
export async function writeBootRecord(dir: string, record: SavedBootRecord): Promise<void> {
  const copies = (await readCopies(dir)).map(({ copy }) => copy);
  const newest = findNewest(copies);
  const text = formatCopy({ sequence: (newest?.sequence ?? 0) + 1, record });
  const [first, second] = writeOrderOf(copies, newest);
  const faults: unknown[] = [];
  try {
    await makeFolders(dir, { mkdir, dirname });
    await writeCopy(dir, first, text);
  } catch (error) {
    faults.push(error);
  }
  try {
    // Never overwrite the only intact copy in place.
    if (faults.length === 0) await writeCopy(dir, second, text);
    else await replaceDurably(dir, join(dir, second), COPY_MODE, (handle) => handle.writeFile(text));
  } catch (error) {
    faults.push(error);
  }
  if (faults.length < COPIES.length) return;
  throw storageError("SLOT_ACCESS", "cannot write the boot record", dir, faults[0]);
}

/** Writes a record in which `slot` is confirmed and no trial is in progress. Safe to call twice. */
export async function initBootRecord(dir: string, slot: number): Promise<SavedBootRecord> {
  const record = { currentSlot: slot, workingSlot: slot, trialBoots: 0 };
  await writeBootRecord(dir, record);
  return record;
}

type WriteOrder = readonly [first: string, second: string];

/** Returns the names of the copies, the damaged or older one first, so that a torn write leaves the newest one intact. */
function writeOrderOf(
  copies: readonly (RecordCopy | undefined)[],
  newest: RecordCopy | undefined,
): WriteOrder {
  return copies[0] === newest ? [COPIES[1], COPIES[0]] : COPIES;
}

interface FoundCopy {
  copy?: RecordCopy;
  /** For people: why there is no copy. */
  fault?: string;
}

async function readCopies(dir: string): Promise<FoundCopy[]> {
  return await Promise.all(
    COPIES.map(async (name) => {
      try {
        const copy = parseCopy(await readSmallFile(join(dir, name), COPY_MAX_BYTES));
        return copy === undefined ? { fault: "damaged" } : { copy };
      } catch (error) {
        const errno = errnoOf(error) ?? "";
        if (errno === "ENOENT") return { fault: "missing" };
        if (isFileFault(error)) return { fault: errno };
        throw storageError("SLOT_ACCESS", "cannot read the boot record", join(dir, name), error);
      }
    }),
  );
}

/** Overwrites the copy in place, which needs no free space on a full disk. If that fails, replaces the file. */
async function writeCopy(dir: string, name: string, text: string): Promise<void> {
  const path = join(dir, name);
  try {
    if (await isPlainFile(path)) {
      await overwriteDurably(path, text);
      await syncFolder(dir);
      return;
    }
  } catch (error) {
    if (!isFileFault(error)) throw error;
  }
  await setAside(path);
  await replaceDurably(dir, path, COPY_MODE, (handle) => handle.writeFile(text));
}
