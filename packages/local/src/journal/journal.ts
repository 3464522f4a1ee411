import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  encodeEmptyJournal,
  encodeLine,
  encodeMark,
  type JournalId,
  RECORDS_OFFSET,
} from "./journal-files.js";
import {
  isDiskFull,
  journalPath,
  removeLeftovers,
  SNAPSHOT,
  unwritableFolder,
  writeAt,
  writeSnapshot,
} from "./journal-folder.js";
import { type JournalOptions, loadJournal } from "./load-journal.js";

/**
 * A snapshot and the records after it, in one folder:
 *
 *     snapshot.json       the state of a generation, replaced by renaming
 *     journal-<n>.ndjson  one record per line; the journal of the snapshot's generation is valid, earlier ones are
 *                         leftovers
 *
 * A record for which `append` resolved survives a power cut, or the folder is refused at the next start. A record for
 * which it rejected is not kept.
 */
export interface Journal {
  /**
   * Resolves when the record is on the disk; records that are appended meanwhile share one write. If it rejects, it also
   * rejects for all records that are not on the disk yet, and for all later ones until `reload` or `catchUp`, because the
   * caller's state then has changes that the disk lacks.
   */
  append(record: unknown): Promise<void>;
  /** Rejects if `record` could not be written now, for example because the disk is full. Changes nothing. */
  probe(record: unknown): Promise<void>;
  /** After a failed `append`: restores the state from the disk, with `restore` and `replay`. */
  reload(): Promise<void>;
  /** After a failed `append`: writes a new snapshot of the caller's state. */
  catchUp(): Promise<void>;
  /** Waits for pending writes, then closes the file. */
  close(): Promise<void>;
}

const COMPACT_AT_BYTES = 32 * 1024 * 1024;
/** Space that `probe` needs in addition to the record, so that the next record does not fail at once. */
const PROBE_MARGIN = "x".repeat(64 * 1024);

interface Waiting {
  json: string;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Restores the state and starts a new generation; on a full disk, continues with the last one.
 *
 * @throws {FotaError} LOCAL_DIR_INVALID if acknowledged data is missing or damaged, or the folder cannot be written
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { dir } = options;
  await mkdir(dir, { recursive: true });
  const loaded = await loadJournal(options);
  let { id } = loaded;
  const folder = options.owner?.id ?? (id.folder || randomBytes(16).toString("hex"));
  let endBytes = loaded.endBytes ?? RECORDS_OFFSET;
  let compactAtBytes = options.compactAtBytes ?? COMPACT_AT_BYTES;
  let file: FileHandle | undefined;
  let marks = 0;
  let waiting: Waiting[] = [];
  let hasUnwrittenChanges = false;
  let isRenameDurable = true;
  let last: Promise<unknown> = Promise.resolve();

  /** Runs one piece of work at a time, in order. */
  function inSequence<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  }

  function takeWaiting(): Waiting[] {
    const taken = waiting;
    waiting = [];
    return taken;
  }

  /** Writes a snapshot with an empty journal. If it rejects, `id` still names the valid generation. */
  async function startGeneration(state: string): Promise<void> {
    const next: JournalId = { generation: id.generation + 1, folder };
    const path = journalPath(dir, next.generation);
    let made: FileHandle | undefined;
    try {
      // The empty journal must exist before its snapshot.
      made = await open(path, "w");
      await writeAt(made, Buffer.from(encodeEmptyJournal(next)), 0);
      await made.sync();
      await writeSnapshot(dir, next, state);
      await rename(`${join(dir, SNAPSHOT)}.new`, join(dir, SNAPSHOT));
    } catch (error) {
      await made?.close();
      await rm(path, { force: true });
      await rm(`${join(dir, SNAPSHOT)}.new`, { force: true });
      throw error;
    }
    // From here on the new generation is valid: its journal must stay, whatever fails.
    await file?.close().catch(() => undefined);
    file = made;
    id = next;
    endBytes = RECORDS_OFFSET;
    compactAtBytes = options.compactAtBytes ?? COMPACT_AT_BYTES;
    isRenameDurable = false;
    await makeRenameDurable();
    await removeLeftovers(dir, id.generation).catch(() => undefined); // the next start removes them
  }

  /** Until this has run, a power cut may bring back the previous snapshot, and with it the previous journal. */
  async function makeRenameDurable(): Promise<void> {
    if (isRenameDurable) return;
    const folder = await open(dir, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    isRenameDurable = true;
  }

  /** Replaces a journal that has become too large. If that fails, continues with the current one. */
  async function compact(state: string): Promise<void> {
    const fullGeneration = id;
    try {
      await startGeneration(state);
    } catch {
      if (id === fullGeneration) compactAtBytes = 2 * endBytes;
    }
  }

  async function writeBatch(): Promise<void> {
    const batch = takeWaiting();
    if (batch.length === 0) return;
    try {
      if (hasUnwrittenChanges) throw new Error("an earlier change could not be written");
      // At this point the snapshot contains the batch and nothing after it.
      const state = endBytes >= compactAtBytes ? options.snapshot() : undefined;
      await makeRenameDurable();
      await writeLines(batch);
      for (const { resolve } of batch) resolve();
      if (state !== undefined) await compact(state);
    } catch (error) {
      hasUnwrittenChanges = true;
      await truncateTail().catch(() => undefined); // `reload` repeats it and needs it to succeed
      for (const { reject } of [...batch, ...takeWaiting()]) reject(error);
    }
  }

  async function writeLines(batch: Waiting[]): Promise<void> {
    let text = "";
    let offset = endBytes;
    for (const { json } of batch) {
      const line = encodeLine(json, id, offset);
      text += line;
      offset += Buffer.byteLength(line);
    }
    const opened = openFile();
    await writeAt(opened, Buffer.from(text), endBytes);
    await opened.datasync();
    endBytes = offset;
    marks += 1;
    const mark = encodeMark(endBytes, id, marks);
    // The mark is not synced: after a power cut, the batch is valid because it is intact. Writing it needs no new
    // block,
    // and if it fails, the batch is still valid.
    await writeAt(opened, Buffer.from(mark.text), mark.offsetBytes).catch(() => undefined);
  }

  /** Removes what a failed write left after the last record. */
  async function truncateTail(): Promise<void> {
    await openFile().truncate(endBytes);
  }

  function openFile(): FileHandle {
    if (file === undefined) throw new Error("the journal is closed");
    return file;
  }

  try {
    await startGeneration(options.snapshot());
  } catch (error) {
    if (loaded.endBytes === undefined || !isDiskFull(error)) throw unwritableFolder(dir, error);
    file ??= await open(journalPath(dir, id.generation), "r+");
    await truncateTail();
  }

  return {
    append: (record) =>
      new Promise((resolve, reject) => {
        waiting.push({ json: JSON.stringify(record), resolve, reject });
        if (waiting.length === 1) inSequence(writeBatch).catch(reject);
      }),
    probe: (record) =>
      inSequence(async () => {
        const bytes = Buffer.from(`${encodeLine(JSON.stringify(record), id, endBytes)}${PROBE_MARGIN}`);
        try {
          await writeAt(openFile(), bytes, endBytes);
          await openFile().datasync();
        } finally {
          await truncateTail();
        }
      }),
    reload: () =>
      inSequence(async () => {
        await truncateTail();
        await loadJournal(options);
        hasUnwrittenChanges = false;
      }),
    catchUp: () =>
      inSequence(async () => {
        const batch = takeWaiting();
        try {
          await startGeneration(options.snapshot());
          hasUnwrittenChanges = false;
          for (const { resolve } of batch) resolve();
        } catch (error) {
          for (const { reject } of batch) reject(error);
          throw error;
        }
      }),
    close: () =>
      inSequence(async () => {
        await file?.close();
        file = undefined;
      }),
  };
}
