/**
 * The format of a snapshot: a JSON text in lines, each with a checksum over its text and its position, so that it can be
 * written and read in parts.
 *
 *     snapshot.json   {"format":3,"generation":3,"folder":"...","segments":[
 *                     ["<crc32>",[<record>,<record>,...]],
 *                     ...
 *                     ["<crc32>","end"]]}
 */
import type { StateRecord } from "../state/state-record.js";
import {
  CHECKSUM_DIGITS,
  checksumAt,
  DamagedFile,
  FORMAT,
  type JournalId,
  LaterFormat,
} from "./journal-files.js";

export function encodeSnapshotHead({ generation, folder }: JournalId): string {
  return `${JSON.stringify({ format: FORMAT, generation, folder }).slice(0, -1)},"segments":[\n`;
}

/** Encodes the last line. */
export function encodeSnapshotEnd(id: JournalId, offsetBytes: number): string {
  return `["${checksumAt(END, id, offsetBytes)}",${END}${LAST_END}\n`;
}

const END = '"end"';
const SEGMENT_OFFSET = `["${"0".repeat(CHECKSUM_DIGITS)}",`.length;
const SEGMENT_END = "],";
const LAST_END = "]]}";
/** Most bytes of a UTF-16 unit in UTF-8. */
const UNIT_BYTES = 3;

/** Encodes one segment after the other, in the same memory: for each, fresh memory would cost more than the encoding. */
export class SegmentEncoder {
  #bytes: Buffer;
  #length = SEGMENT_OFFSET;

  constructor(capacityBytes: number) {
    this.#bytes = Buffer.allocUnsafe(capacityBytes);
  }

  /** Size in bytes of the segment so far. */
  get sizeBytes(): number {
    return this.#length - SEGMENT_OFFSET;
  }

  /** Adds a record, which is JSON. */
  add(record: string): void {
    this.#append(this.sizeBytes === 0 ? "[" : ",");
    this.#append(record);
  }

  /** Returns the segment for this position in this snapshot, and begins the next one. It is valid until the next `add`. */
  take(id: JournalId, offsetBytes: number): Buffer {
    this.#append("]");
    const json = this.#bytes.subarray(SEGMENT_OFFSET, this.#length);
    this.#bytes.write(`["${checksumAt(json, id, offsetBytes)}",`);
    this.#append(`${SEGMENT_END}\n`);
    const line = this.#bytes.subarray(0, this.#length);
    this.#length = SEGMENT_OFFSET;
    return line;
  }

  #append(text: string): void {
    const neededBytes = this.#length + UNIT_BYTES * text.length;
    if (neededBytes > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], 2 * neededBytes);
    this.#length += this.#bytes.write(text, this.#length);
  }
}

/** Reads a snapshot line by line. */
export class SnapshotReader {
  readonly #add: (record: StateRecord) => void;
  #id: JournalId | undefined;
  #offsetBytes = 0;
  #lines = 0;
  #isComplete = false;

  /** `add` gets the records in order. */
  constructor(add: (record: StateRecord) => void) {
    this.#add = add;
  }

  /** @throws {DamagedFile} if the line is damaged or not at its place, or `add` throws */
  read(line: Buffer, isWhole: boolean): true {
    this.#lines += 1;
    if (this.#id === undefined) this.#id = readHead(line.toString());
    else if (!isWhole || this.#isComplete) throw this.#damaged();
    else this.#readSegment(line, this.#id);
    this.#offsetBytes += line.length + 1;
    return true;
  }

  /** Call it after the last line. @throws {DamagedFile} */
  finish(): JournalId {
    if (this.#id === undefined || !this.#isComplete) throw new DamagedFile("it is incomplete");
    return this.#id;
  }

  #readSegment(line: Buffer, id: JournalId): void {
    const isLast = line.toString("latin1", line.length - LAST_END.length) === LAST_END;
    const end = isLast ? LAST_END : SEGMENT_END;
    const json = line.subarray(SEGMENT_OFFSET, Math.max(SEGMENT_OFFSET, line.length - end.length));
    const checksum = checksumAt(json, id, this.#offsetBytes);
    const frame = `${line.toString("latin1", 0, SEGMENT_OFFSET)}${line.toString("latin1", line.length - end.length)}`;
    if (frame !== `["${checksum}",${end}`) throw this.#damaged();
    if (isLast !== (json.toString("latin1", 0, END.length) === END)) throw this.#damaged();
    this.#isComplete = isLast;
    if (isLast) return;
    try {
      for (const record of JSON.parse(json.toString())) this.#add(record);
    } catch (error) {
      throw new DamagedFile(`line ${this.#lines} cannot be read: ${(error as Error).message}`);
    }
  }

  #damaged(): DamagedFile {
    return new DamagedFile(`line ${this.#lines} is damaged`);
  }
}

/** @throws {DamagedFile} */
function readHead(line: string): JournalId {
  const { format, generation, folder } = parseHead(line);
  if (typeof format === "number" && format > FORMAT) {
    throw new LaterFormat(`it has format ${format}, and this release reads formats up to ${FORMAT}`);
  }
  if (format !== FORMAT) throw new DamagedFile(`it has format ${JSON.stringify(format)}, not ${FORMAT}`);
  if (typeof generation !== "number" || typeof folder !== "string") throw new DamagedFile("it is incomplete");
  const id = { generation, folder };
  if (`${line}\n` !== encodeSnapshotHead(id)) throw new DamagedFile("line 1 is damaged");
  return id;
}

/** Parses a head, also of another format. @throws {DamagedFile} */
function parseHead(line: string): Partial<Record<"format" | "generation" | "folder", unknown>> {
  for (const json of [`${line}]}`, line]) {
    try {
      return JSON.parse(json) ?? {};
    } catch {}
  }
  throw new DamagedFile("it is not JSON");
}
