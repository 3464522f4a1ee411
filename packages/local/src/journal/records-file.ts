import { type FileHandle, open } from "node:fs/promises";
import {
  encodeEmptyJournal,
  encodeLine,
  encodeMark,
  type JournalId,
  RECORDS_OFFSET,
} from "./journal-files.js";
import { journalPath, writeAt } from "./journal-folder.js";

/** Space that `probe` needs in addition to the record, so that the next record does not fail at once. */
const PROBE_MARGIN_BYTES = 64 * 1024;

/** The file with the records of one generation. Its methods must not overlap in time. */
export class RecordsFile {
  readonly id: JournalId;
  readonly path: string;
  #handle: FileHandle | undefined;
  /** Offset after the last acknowledged record. */
  #endBytes: number;
  #marks: number;

  /**
   * Touches no file: call `create` or `open` before the first record. For a file that exists, `endBytes` is the offset
   * after its last record, and `slot` the place of the valid mark.
   */
  constructor(dir: string, id: JournalId, { endBytes = RECORDS_OFFSET, slot = 0 } = {}) {
    this.id = id;
    this.path = journalPath(dir, id.generation);
    this.#endBytes = endBytes;
    this.#marks = slot;
  }

  /** Size in bytes of the acknowledged records, with the head. */
  get endBytes(): number {
    return this.#endBytes;
  }

  /** Creates the file without records. It survives a power cut, but its name does not. */
  async create(): Promise<void> {
    this.#handle = await open(this.path, "w");
    await writeAt(this.#handle, Buffer.from(encodeEmptyJournal(this.id)), 0);
    await this.#handle.sync();
  }

  /** Opens the file that exists; does nothing if it is open. */
  async open(): Promise<void> {
    this.#handle ??= await open(this.path, "r+");
  }

  /** Writes lines: records as JSON, or a `continuation`. They survive a power cut when it resolves. */
  async append(lines: readonly string[]): Promise<void> {
    let text = "";
    let offset = this.#endBytes;
    for (const each of lines) {
      const line = encodeLine(each, this.id, offset);
      text += line;
      offset += Buffer.byteLength(line);
    }
    const handle = this.#opened();
    await writeAt(handle, Buffer.from(text), this.#endBytes);
    await handle.datasync();
    this.#endBytes = offset;
    this.#marks += 1;
    const mark = encodeMark(this.#endBytes, this.id, this.#marks);
    // The mark is not synced: after a power cut, the batch is valid because it is intact. Writing it needs no new
    // block, and if it fails, the batch is still valid.
    await writeAt(handle, Buffer.from(mark.text), mark.offsetBytes).catch(() => undefined);
  }

  /**
   * Rejects if `record` could not be written now. Changes nothing: it writes as many bytes, but not the record, which would
   * be replayed after a power cut.
   */
  async probe(record: string): Promise<void> {
    const lineBytes = Buffer.byteLength(encodeLine(record, this.id, this.#endBytes));
    const bytes = Buffer.alloc(lineBytes + PROBE_MARGIN_BYTES, "x");
    try {
      await writeAt(this.#opened(), bytes, this.#endBytes);
      await this.#opened().datasync();
    } finally {
      await this.truncateTail();
    }
  }

  /** Removes what a failed write left after the last record. */
  async truncateTail(): Promise<void> {
    await this.#opened().truncate(this.#endBytes);
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  #opened(): FileHandle {
    if (this.#handle === undefined) throw new Error("the journal is closed");
    return this.#handle;
  }
}
