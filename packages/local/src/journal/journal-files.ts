/**
 * The file formats of a journal and its snapshot: plain functions on bytes. Every line has a checksum over its text and
 * its position, and the head of a journal has the number of acknowledged bytes. A reader therefore detects damaged,
 * truncated and moved lines, and can tell a last line that a power cut tore from one that was lost.
 *
 *     journal-<n>.ndjson   <crc32> {"format":2,"generation":"000000000003"}
 *                          <crc32> {"acknowledgedBytes":"000000000432"}      written alternately; the higher one is
 *                          <crc32> {"acknowledgedBytes":"000000000390"}      valid, so one may be torn
 *                          <crc32> <record as JSON>                          ...
 *     snapshot.json        {"format":2,"generation":3,"folder":"...","sha256":"...","state":"..."}
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

export const FORMAT = 2;

/** A file is damaged; the message is one clause. The caller adds the path and a hint. */
export class DamagedFile extends Error {}

const CHECKSUM_DIGITS = 8;
const NUMBER_DIGITS = 12;
const LINE_END = 0x0a;
const SPACE = 0x20;

/** Identifies a journal of a folder. A line is valid only in its own journal. */
export interface JournalId {
  generation: number;
  /** Id of the folder; empty if an earlier build wrote it. */
  folder: string;
}

/** Encodes a line for this position in this journal; it is not valid anywhere else. */
export function encodeLine(json: string, id: JournalId, offsetBytes: number): string {
  const checksum = crc32(json, placeChecksum(id, offsetBytes));
  return `${checksum.toString(16).padStart(CHECKSUM_DIGITS, "0")} ${json}\n`;
}

/** Encodes the first line of a journal, with format and generation. */
function encodeHead(id: JournalId): string {
  return encodeLine(JSON.stringify({ format: FORMAT, generation: digits(id.generation) }), id, 0);
}

const ANY_JOURNAL: JournalId = { generation: 0, folder: "" };

const HEAD_BYTES = encodeHead(ANY_JOURNAL).length;
const MARK_BYTES = encodeLine(markJson(0), ANY_JOURNAL, HEAD_BYTES).length;
const MARK_OFFSETS = [HEAD_BYTES, HEAD_BYTES + MARK_BYTES] as const;

/** Offset of the first record of a journal. */
export const RECORDS_OFFSET = HEAD_BYTES + 2 * MARK_BYTES;

/**
 * Encodes the number of acknowledged bytes, and returns where to write it: an even `slot` selects the first of the two
 * places, an odd one the second.
 */
export function encodeMark(
  acknowledgedBytes: number,
  id: JournalId,
  slot: number,
): { offsetBytes: number; text: string } {
  const offsetBytes = MARK_OFFSETS[slot % 2 === 0 ? 0 : 1];
  return { offsetBytes, text: encodeLine(markJson(acknowledgedBytes), id, offsetBytes) };
}

/** Encodes a journal without records. */
export function encodeEmptyJournal(id: JournalId): string {
  const marks = [0, 1].map((slot) => encodeMark(RECORDS_OFFSET, id, slot).text);
  return `${encodeHead(id)}${marks.join("")}`;
}

/**
 * Replays the records of a journal in order: all that were acknowledged, and the intact ones after them. Returns the
 * offset after the last one.
 *
 * @throws {DamagedFile} if an acknowledged record is missing or damaged, or `replay` throws
 */
export function readJournal(bytes: Buffer, id: JournalId, replay: (record: unknown) => void): number {
  const head = encodeHead(id);
  if (bytes.length < RECORDS_OFFSET) {
    throw new DamagedFile(`it has ${bytes.length} bytes, which is less than its head`);
  }
  if (bytes.toString("latin1", 0, HEAD_BYTES) !== head) {
    throw new DamagedFile(
      `line 1 is damaged, or does not belong to generation ${id.generation} of this folder`,
    );
  }
  const acknowledgedBytes = readMarks(bytes, id);
  if (acknowledgedBytes > bytes.length) {
    throw new DamagedFile(
      `it has ${bytes.length} bytes, but ${acknowledgedBytes} were written and acknowledged`,
    );
  }
  let offset = RECORDS_OFFSET;
  for (let line = 4; offset < bytes.length; line += 1) {
    const end = bytes.indexOf(LINE_END, offset);
    const json = end < 0 ? undefined : readLine(bytes.subarray(offset, end), id, offset);
    if (json === undefined) {
      // After the acknowledged bytes, it is the rest of a write that a power cut tore before it was acknowledged.
      if (offset >= acknowledgedBytes) break;
      throw new DamagedFile(`line ${line} is damaged`);
    }
    try {
      replay(JSON.parse(json));
    } catch (error) {
      throw new DamagedFile(`line ${line} cannot be replayed: ${(error as Error).message}`);
    }
    offset = end + 1;
  }
  return offset;
}

/** Returns whether a journal without its snapshot contains records. */
export function holdsRecords(bytes: Buffer, id: JournalId): boolean {
  try {
    let any = false;
    readJournal(bytes, id, () => {
      any = true;
    });
    return any;
  } catch {
    return bytes.length > RECORDS_OFFSET;
  }
}

export function encodeSnapshot(id: JournalId, state: string): string {
  return JSON.stringify({ format: FORMAT, ...id, sha256: snapshotDigest(id, state), state });
}

/** @throws {DamagedFile} */
export function readSnapshot(text: string): JournalId & { format: number; state: string } {
  let snapshot: Partial<Record<"format" | "generation" | "folder" | "sha256" | "state", unknown>> | null;
  try {
    snapshot = JSON.parse(text);
  } catch {
    throw new DamagedFile("it is not JSON");
  }
  const { format, generation, folder = "", sha256, state } = snapshot ?? {};
  if (format !== 1 && format !== FORMAT) {
    throw new DamagedFile(`it has format ${JSON.stringify(format)}, not ${FORMAT}`);
  }
  if (typeof generation !== "number" || typeof state !== "string" || typeof folder !== "string") {
    throw new DamagedFile("it is incomplete");
  }
  // A file of format 1 has no checksum: one flipped bit must not turn format 2 into format 1.
  if (
    format === 1
      ? sha256 !== undefined || Object.keys(snapshot ?? {}).length > 3
      : sha256 !== snapshotDigest({ generation, folder }, state)
  ) {
    throw new DamagedFile("its checksum does not match");
  }
  return { format, generation, folder, state };
}

/** Replays a journal of the first release: JSON lines without checksums. @throws {DamagedFile} */
export function readFirstFormat(text: string, replay: (record: unknown) => void): void {
  const lines = text.split("\n");
  lines.pop(); // what follows the last line break: nothing, or a torn record
  for (const [index, line] of lines.entries()) {
    try {
      replay(JSON.parse(line));
    } catch (error) {
      throw new DamagedFile(`line ${index + 1}: ${(error as Error).message}`);
    }
  }
}

function readMarks(bytes: Buffer, id: JournalId): number {
  const marks = MARK_OFFSETS.flatMap((offset) => {
    const json = readLine(bytes.subarray(offset, offset + MARK_BYTES - 1), id, offset);
    return json === undefined ? [] : [Number(JSON.parse(json).acknowledgedBytes)];
  });
  if (marks.length === 0) throw new DamagedFile("lines 2 and 3 are damaged");
  return Math.max(...marks);
}

/** Returns the JSON of a line (without its line break); `undefined` if the line is damaged. */
function readLine(line: Buffer, id: JournalId, offsetBytes: number): string | undefined {
  if (line.length <= CHECKSUM_DIGITS || line[CHECKSUM_DIGITS] !== SPACE) return undefined;
  const json = line.subarray(CHECKSUM_DIGITS + 1);
  const checksum = crc32(json, placeChecksum(id, offsetBytes));
  const written = line.toString("latin1", 0, CHECKSUM_DIGITS);
  return written === checksum.toString(16).padStart(CHECKSUM_DIGITS, "0") ? json.toString() : undefined;
}

function snapshotDigest(id: JournalId, state: string): string {
  return createHash("sha256")
    .update(`${FORMAT}:${checksumPrefix(id)}`)
    .update(state)
    .digest("hex");
}

function placeChecksum(id: JournalId, offsetBytes: number): number {
  return crc32(`${checksumPrefix(id)}${offsetBytes}:`);
}

function checksumPrefix({ generation, folder }: JournalId): string {
  return folder === "" ? `${generation}:` : `${folder}:${generation}:`;
}

function markJson(acknowledgedBytes: number): string {
  return JSON.stringify({ acknowledgedBytes: digits(acknowledgedBytes) });
}

function digits(value: number): string {
  return String(value).padStart(NUMBER_DIGITS, "0");
}
