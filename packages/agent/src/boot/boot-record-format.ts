import { createHash } from "node:crypto";

/**
 * The boot record of an application-level device, as `fota-boot` and the firmware share it: which slot boots next,
 * which one was confirmed last, and how often the current trial was booted. On trial is exactly: the two differ.
 */
export interface SavedBootRecord {
  currentSlot: number;
  workingSlot: number;
  trialBoots: number;
  /** The boot that the trial is in now. Absent before its first boot, and where the launcher names no boots. */
  bootId?: string;
  /** Set where the record was lost and made anew from the slots that were found: no update asked for this trial. */
  lastResort?: true;
  /** What was confirmed in each slot, so that an image that has changed since is noticed. */
  confirmed?: readonly ConfirmedImage[];
}

/** A confirmed image, as it was when it was confirmed. */
export interface ConfirmedImage {
  slot: number;
  sizeBytes: number;
  /** Lower-case hex. */
  sha256: string;
}

/** A copy of the record; of two whole ones the higher `sequence` is newer. */
export interface RecordCopy {
  sequence: number;
  record: SavedBootRecord;
}

/**
 * Format of the file. It outlives releases: the launcher of one version meets the firmware of another. Fields are only
 * added, all of them optional; earlier releases read what they know and leave the others out when they write.
 */
const FORMAT_VERSION = 1;

/** Returns the text of a copy, `<SHA-256 of the JSON> <JSON>\n`: whole or not, and readable with `cat`. */
export function formatCopy(copy: RecordCopy): string {
  const json = JSON.stringify({ version: FORMAT_VERSION, sequence: copy.sequence, ...copy.record });
  return `${checksum(json)} ${json}\n`;
}

/** Reads a copy back; `undefined` for a text that is torn, changed or of another format. */
export function parseCopy(text: string): RecordCopy | undefined {
  const [digest = "", json = ""] = /^([0-9a-f]{64}) (\{.*\})\n$/.exec(text)?.slice(1) ?? [];
  if (json === "" || checksum(json) !== digest) return undefined;
  const fields = fieldsOf(json);
  if (fields?.["version"] !== FORMAT_VERSION) return undefined;
  const { sequence, currentSlot, workingSlot, trialBoots } = fields;
  if (!isCount(sequence) || !isCount(currentSlot) || !isCount(workingSlot) || !isCount(trialBoots))
    return undefined;
  return { sequence, record: { currentSlot, workingSlot, trialBoots, ...optionalOf(fields) } };
}

/** What the first release did not have. */
function optionalOf({ bootId, lastResort, confirmed }: Record<string, unknown>): Partial<SavedBootRecord> {
  const images = Array.isArray(confirmed) ? confirmed.filter(isConfirmedImage) : [];
  return {
    ...(typeof bootId === "string" && { bootId }),
    ...(lastResort === true && { lastResort }),
    ...(images.length > 0 && { confirmed: images }),
  };
}

function isConfirmedImage(value: unknown): value is ConfirmedImage {
  const { slot, sizeBytes, sha256 } = (value ?? {}) as Record<string, unknown>;
  return isCount(slot) && isCount(sizeBytes) && typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256);
}

/** Returns whether `slot` is the one on trial. */
export function isOnTrial(record: SavedBootRecord, slot: number): boolean {
  return record.currentSlot === slot && record.workingSlot !== slot;
}

/** Returns the newer of the whole copies. */
export function findNewest(copies: readonly (RecordCopy | undefined)[]): RecordCopy | undefined {
  let newest: RecordCopy | undefined;
  for (const copy of copies) {
    if (copy !== undefined && (newest === undefined || copy.sequence > newest.sequence)) newest = copy;
  }
  return newest;
}

/** The checksum tells a torn text, not one that somebody made: it may still be no JSON. */
function fieldsOf(json: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function checksum(json: string): string {
  return createHash("sha256").update(json).digest("hex");
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
