/**
 * The format of a journal: plain functions on bytes. Every line has a checksum over its text and its position, and the
 * head has the number of acknowledged bytes. A reader therefore detects damaged, truncated and moved lines, and can tell
 * a last line that a power cut tore from one that was lost.
 *
 *     journal-<n>.ndjson   <crc32> {"format":3,"generation":"000000000003"}
 *                          <crc32> {"acknowledgedBytes":"000000000432"}      written alternately; the higher one is
 *                          <crc32> {"acknowledgedBytes":"000000000390"}      valid, so one may be torn
 *                          <crc32> <record as JSON>                          ...
 *                          <crc32> next 000000000004                         only if the records continue there
 */
import { crc32 } from "node:zlib";
import { splitLines } from "./lines.js";

/** Format of the files that this build writes. Format 2 has the same journal, which never continues in another one. */
export const FORMAT = 3;

/** A file is damaged; the message is one clause. The caller adds the path and a hint. */
export class DamagedFile extends Error {}

/** A later release wrote the file. */
export class LaterFormat extends DamagedFile {}

export const CHECKSUM_DIGITS = 8;
const NUMBER_DIGITS = 12;
const SPACE = 0x20;

/** Identifies a journal of a folder. A line is valid only in its own journal. */
export interface JournalId {
  generation: number;
  /** Id of the folder; empty if an earlier build wrote it. */
  folder: string;
}

/** Encodes a line for this position in this journal; it is not valid anywhere else. */
export function encodeLine(text: string, id: JournalId, offsetBytes: number): string {
  return `${checksumAt(text, id, offsetBytes)} ${text}\n`;
}

/** Encodes the first line of a journal, with format and generation. */
function encodeHead(id: JournalId, format = FORMAT): string {
  return encodeLine(JSON.stringify({ format, generation: digits(id.generation) }), id, 0);
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

/** Returns the text of the last line of a journal whose records continue in the journal of `generation`. */
export function continuation(generation: number): string {
  return `next ${digits(generation)}`;
}

interface ReaderOptions {
  /** @default FORMAT */
  format?: number;
  /** Called with each record, in order: all that were acknowledged, and the intact ones after them. */
  replay(record: unknown): ReplayCost | undefined;
}

/** Reads a journal line by line. */
export class JournalReader {
  readonly #id: JournalId;
  readonly #replay: (record: unknown) => ReplayCost | undefined;
  readonly #acknowledgedBytes: number;
  #endBytes = RECORDS_OFFSET;
  #extraBytes = 0;
  #lines = 3;
  #next: number | undefined;
  /** The place in the head that has the number of acknowledged bytes; see `encodeMark`. */
  readonly slot: number;

  /**
   * `head` has the first `RECORDS_OFFSET` bytes of a file of `sizeBytes`.
   * @throws {DamagedFile}
   */
  constructor(head: Buffer, sizeBytes: number, id: JournalId, { format = FORMAT, replay }: ReaderOptions) {
    this.#id = id;
    this.#replay = replay;
    if (head.length < RECORDS_OFFSET) {
      throw new DamagedFile(`it has ${head.length} bytes, which is less than its head`);
    }
    if (head.toString("latin1", 0, HEAD_BYTES) !== encodeHead(id, format)) {
      throw new DamagedFile(
        `line 1 is damaged, or does not belong to generation ${id.generation} of this folder`,
      );
    }
    const { acknowledgedBytes, slot } = readMarks(head, id);
    if (acknowledgedBytes > sizeBytes) {
      throw new DamagedFile(
        `it has ${sizeBytes} bytes, but ${acknowledgedBytes} were written and acknowledged`,
      );
    }
    this.#acknowledgedBytes = acknowledgedBytes;
    this.slot = slot;
  }

  /** Offset after the last intact line. */
  get endBytes(): number {
    return this.#endBytes;
  }

  /** What the records cost more than their size. */
  get extraBytes(): number {
    return this.#extraBytes;
  }

  /** Generation of the journal in which the records continue. */
  get next(): number | undefined {
    return this.#next;
  }

  /**
   * Reads the next line, or what follows the last line break. Returns false if only the rest of a torn write follows.
   * @throws {DamagedFile} if an acknowledged line is damaged, or `replay` throws
   */
  read(line: Buffer, isWhole: boolean): boolean {
    this.#lines += 1;
    const text = isWhole ? readLine(line, this.#id, this.#endBytes) : undefined;
    if (text === undefined) {
      // After the acknowledged bytes, it is the rest of a write that a power cut tore before it was acknowledged.
      if (this.#endBytes >= this.#acknowledgedBytes) return false;
      throw new DamagedFile(`line ${this.#lines} is damaged`);
    }
    if (this.#next !== undefined) throw new DamagedFile(`line ${this.#lines} follows the last line`);
    if (text === continuation(this.#id.generation + 1)) this.#next = this.#id.generation + 1;
    else this.#replayLine(text);
    this.#endBytes += line.length + 1;
    return true;
  }

  #replayLine(json: string): void {
    try {
      this.#extraBytes += extraBytesOf(json, this.#replay(JSON.parse(json)) ?? 0);
    } catch (error) {
      throw new DamagedFile(`line ${this.#lines} cannot be replayed: ${(error as Error).message}`);
    }
  }
}

/** How long a record takes to replay, as the size in bytes of usual records that take as long. */
export type ReplayCost = number;

/** Returns what a record costs more than its size. */
export function extraBytesOf(json: string, cost: ReplayCost): number {
  return Math.max(0, cost - json.length);
}

/** Reads a whole journal. @throws {DamagedFile} */
export function readJournal(bytes: Buffer, id: JournalId, options: ReaderOptions): JournalReader {
  const reader = new JournalReader(bytes.subarray(0, RECORDS_OFFSET), bytes.length, id, options);
  splitLines(bytes.subarray(RECORDS_OFFSET), (line, isWhole) => reader.read(line, isWhole));
  return reader;
}

/** Returns whether a journal without its snapshot contains records. */
export function holdsRecords(bytes: Buffer, id: JournalId, format: number): boolean {
  try {
    let any = false;
    const replay = () => {
      any = true;
      return undefined;
    };
    readJournal(bytes, id, { format, replay });
    return any;
  } catch {
    return bytes.length > RECORDS_OFFSET;
  }
}

function readMarks(bytes: Buffer, id: JournalId): { acknowledgedBytes: number; slot: number } {
  const marks = MARK_OFFSETS.flatMap((offset, slot) => {
    const json = readLine(bytes.subarray(offset, offset + MARK_BYTES - 1), id, offset);
    return json === undefined
      ? []
      : [{ acknowledgedBytes: Number(JSON.parse(json).acknowledgedBytes), slot }];
  });
  const [first, second = first] = marks;
  if (first === undefined || second === undefined) throw new DamagedFile("lines 2 and 3 are damaged");
  return second.acknowledgedBytes > first.acknowledgedBytes ? second : first;
}

/** Returns the text of a line (without its line break and checksum); `undefined` if the line is damaged. */
function readLine(line: Buffer, id: JournalId, offsetBytes: number): string | undefined {
  if (line.length <= CHECKSUM_DIGITS || line[CHECKSUM_DIGITS] !== SPACE) return undefined;
  const json = line.subarray(CHECKSUM_DIGITS + 1);
  const written = line.toString("latin1", 0, CHECKSUM_DIGITS);
  return written === checksumAt(json, id, offsetBytes) ? json.toString() : undefined;
}

/** Returns the checksum of a text at `offsetBytes` of a file of this generation, as hex digits. */
export function checksumAt(text: string | Buffer, id: JournalId, offsetBytes: number): string {
  const checksum = crc32(text, crc32(`${checksumPrefix(id)}${offsetBytes}:`));
  return checksum.toString(16).padStart(CHECKSUM_DIGITS, "0");
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
