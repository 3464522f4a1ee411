import { createHash } from "node:crypto";

/**
 * The boot record that `fota-boot` and the firmware share: the slot that boots next, the slot that was confirmed last,
 * and how often the current trial was booted. A trial is in progress if and only if the two slots differ.
 */
export interface SavedBootRecord {
  currentSlot: number;
  workingSlot: number;
  trialBoots: number;
  /** Id of the boot that runs the trial. Absent before its first boot, and if the launcher has no boot ids. */
  bootId?: string;
  /** The record was lost and rebuilt from the slots: no update scheduled this trial. */
  lastResort?: true;
  /** The confirmed image of each slot. Shows whether an image has changed since. */
  confirmed?: readonly ConfirmedImage[];
  /** Why `fota-boot` has reverted the last trial, for people: `slot 1 failed on trial (exit 3)`. */
  failure?: string;
}

/** A confirmed image: its size and digest at the time of the confirm. */
export interface ConfirmedImage {
  slot: number;
  sizeBytes: number;
  /** Lower-case hex. */
  sha256: string;
}

/** One of the two copies of the record on disk. The copy with the higher `sequence` is newer. */
export interface RecordCopy {
  sequence: number;
  record: SavedBootRecord;
}

/**
 * Version of the file format. The launcher and the firmware may come from different releases, so new fields are
 * optional: earlier releases ignore them, and drop them when they write.
 */
const FORMAT_VERSION = 1;

/** Returns the text of a copy, `<SHA-256 of the JSON> <JSON>\n`. The digest detects torn writes. */
export function formatCopy(copy: RecordCopy): string {
  const json = JSON.stringify({ version: FORMAT_VERSION, sequence: copy.sequence, ...copy.record });
  return `${checksum(json)} ${json}\n`;
}

/** Parses a copy. Returns `undefined` if the text is torn, changed or in another format. */
export function parseCopy(text: string): RecordCopy | undefined {
  const [digest = "", json = ""] = /^([0-9a-f]{64}) (\{.*\})\n$/.exec(text)?.slice(1) ?? [];
  if (json === "" || checksum(json) !== digest) return undefined;
  const fields = parseFields(json);
  if (fields?.["version"] !== FORMAT_VERSION) return undefined;
  const { sequence, currentSlot, workingSlot, trialBoots } = fields;
  if (!isCount(sequence) || !isCount(currentSlot) || !isCount(workingSlot) || !isCount(trialBoots))
    return undefined;
  return { sequence, record: { currentSlot, workingSlot, trialBoots, ...optionalFields(fields) } };
}

/** Reads the fields that the first release did not have. */
function optionalFields({
  bootId,
  lastResort,
  confirmed,
  failure,
}: Record<string, unknown>): Partial<SavedBootRecord> {
  const images = Array.isArray(confirmed) ? confirmed.filter(isConfirmedImage) : [];
  return {
    ...(typeof bootId === "string" && { bootId }),
    ...(lastResort === true && { lastResort }),
    ...(images.length > 0 && { confirmed: images }),
    ...(typeof failure === "string" && { failure }),
  };
}

function isConfirmedImage(value: unknown): value is ConfirmedImage {
  const { slot, sizeBytes, sha256 } = (value ?? {}) as Record<string, unknown>;
  return isCount(slot) && isCount(sizeBytes) && typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256);
}

/** Tells whether `slot` is on trial. */
export function isOnTrial(record: SavedBootRecord, slot: number): boolean {
  return record.currentSlot === slot && record.workingSlot !== slot;
}

/** Returns the newest of the intact copies. */
export function findNewest(copies: readonly (RecordCopy | undefined)[]): RecordCopy | undefined {
  let newest: RecordCopy | undefined;
  for (const copy of copies) {
    if (copy !== undefined && (newest === undefined || copy.sequence > newest.sequence)) newest = copy;
  }
  return newest;
}

/** Parses the JSON of a copy. A text with a valid checksum may still be invalid JSON if someone edited it. */
function parseFields(json: string): Record<string, unknown> | undefined {
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
