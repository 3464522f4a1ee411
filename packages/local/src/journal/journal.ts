import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import type { StateCapture } from "../state/state-capture.js";
import { Generations } from "./generations.js";
import { extraBytesOf, type JournalId, type ReplayCost } from "./journal-files.js";
import { isDiskFull, newSnapshotPath, unwritableFolder } from "./journal-folder.js";
import { type JournaledState, type JournalFolder, loadJournal } from "./load-journal.js";
import { writeSnapshot } from "./snapshot-writer.js";

/**
 * A snapshot and the records after it, in one folder:
 *
 *     snapshot.json       the state at the beginning of a generation, replaced by renaming
 *     journal-<n>.ndjson  one record per line; the records after the snapshot are in the journal of its generation and in
 *                         those that continue it, all others are leftovers
 *
 * When the journal has grown, the next records go to a new one while the snapshot that belongs to it is written; then that
 * snapshot replaces the old files. Until then, the old snapshot is valid, with both journals.
 *
 * A record for which `append` resolved survives a power cut, or the folder is refused at the next start. A record for
 * which it rejected is not kept.
 */
export interface Journal {
  /**
   * Resolves when the record is on the disk; records that are appended meanwhile share one write. If it rejects, it also
   * rejects for all records that are not on the disk yet, and for all later ones until `reload` or `catchUp`, because the
   * caller's state then has changes that the disk lacks. Records that take long to replay lead to a snapshot earlier.
   *
   * @param cost by default that of a usual record
   */
  append(record: unknown, cost?: ReplayCost): Promise<void>;
  /** Rejects if `record` could not be written now, for example because the disk is full. Changes nothing. */
  probe(record: unknown): Promise<void>;
  /** After a failed `append`: restores the state from the disk. */
  reload(): Promise<void>;
  /** After a failed `append`: writes a new snapshot of the caller's state. */
  catchUp(): Promise<void>;
  /** Waits for pending writes, gives up a snapshot that is being written, and closes the file. */
  close(): Promise<void>;
}

interface JournalOptions extends JournalFolder {
  state: JournaledState;
  /**
   * Least size in bytes at which a new snapshot replaces the journal; see `ReplayCost`. If the last snapshot is larger, its size counts: a
   * snapshot then costs no more than the records since the last one.
   *
   * @default 32 MiB
   */
  compactAtBytes?: number;
}

const COMPACT_AT_BYTES = 32 * 1024 * 1024;
/** A start writes a new snapshot if the journal has this part of the size at which it would be replaced. */
const START_SHARE = 1 / 16;

/**
 * Restores the state. Writes a snapshot if the folder is new or of an earlier format, or if its journal is long.
 *
 * @throws {FotaError} LOCAL_DIR_INVALID if acknowledged data is missing or damaged, or the folder cannot be written
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { dir, owner, state } = options;
  await mkdir(dir, { recursive: true });
  const loaded = await loadJournal(options, state);
  const folder = owner?.id ?? (loaded.id.folder || randomBytes(16).toString("hex"));
  const generations = new Generations(dir, folder, loaded);
  const journal = new FolderJournal(options, generations);
  try {
    if (loaded.last !== undefined && loaded.id.folder === folder) {
      await generations.open(loaded.id.generation);
      await journal.compactIfFull(START_SHARE);
    } else await journal.catchUp();
  } catch (error) {
    throw unwritableFolder(dir, error);
  }
  return journal;
}

/** A record that is not on the disk yet. */
interface Waiting {
  json: string;
  extraBytes: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** A snapshot that is being written. */
interface Compaction {
  cancel: AbortController;
  /** Resolves when the file is complete, or gone. */
  written: Promise<unknown>;
}

class FolderJournal implements Journal {
  readonly #options: JournalOptions;
  readonly #generations: Generations;
  #waiting: Waiting[] = [];
  #hasUnwrittenChanges = false;
  #last: Promise<unknown> = Promise.resolve();
  #compaction: Compaction | undefined;
  /** After a failed compaction: bytes of records at which the next one is tried. */
  #compactAgainAtBytes = 0;

  constructor(options: JournalOptions, generations: Generations) {
    this.#options = options;
    this.#generations = generations;
  }

  append(record: unknown, cost: ReplayCost = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      const json = JSON.stringify(record);
      this.#waiting.push({ json, extraBytes: extraBytesOf(json, cost), resolve, reject });
      if (this.#waiting.length === 1) this.#inSequence(() => this.#writeBatch()).catch(reject);
    });
  }

  probe(record: unknown): Promise<void> {
    return this.#inSequence(() => this.#generations.current.probe(JSON.stringify(record)));
  }

  reload(): Promise<void> {
    return this.#inSequence(async () => {
      await this.#generations.current.truncateTail();
      await loadJournal(this.#options, this.#options.state);
      this.#hasUnwrittenChanges = false;
    });
  }

  catchUp(): Promise<void> {
    return this.#inSequence(async () => {
      await this.#cancelCompaction();
      const batch = this.#takeWaiting();
      const capture = this.#options.state.capture();
      try {
        await this.#generations.start(capture);
        this.#hasUnwrittenChanges = false;
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
        throw error;
      } finally {
        capture.end();
      }
    });
  }

  close(): Promise<void> {
    return this.#inSequence(async () => {
      await this.#cancelCompaction();
      await this.#generations.current.close();
    });
  }

  /** Begins a compaction if the records have `share` of the size for that, and nothing waits to be written. */
  compactIfFull(share: number): Promise<void> {
    return this.#inSequence(async () => {
      if (this.#isFull(share)) await this.#beginCompaction(this.#options.state.capture());
    });
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#takeWaiting();
    if (batch.length === 0) return;
    let capture: StateCapture | undefined;
    try {
      if (this.#hasUnwrittenChanges) throw new Error("an earlier change could not be written");
      // At this point the state contains the batch and nothing after it.
      if (this.#isFull()) capture = this.#options.state.capture();
      await this.#write(batch);
      for (const { resolve } of batch) resolve();
      if (capture !== undefined) await this.#beginCompaction(capture);
    } catch (error) {
      capture?.end();
      this.#hasUnwrittenChanges = true;
      await this.#generations.current.truncateTail().catch(() => undefined); // `reload` repeats it and needs it to succeed
      for (const { reject } of [...batch, ...this.#takeWaiting()]) reject(error);
    }
  }

  /** Writes records. If the disk is full, gives up a snapshot that is being written, and tries again. */
  async #write(batch: readonly Waiting[]): Promise<void> {
    const records = batch.map(({ json }) => json);
    const extraBytes = batch.reduce((sum, each) => sum + each.extraBytes, 0);
    try {
      await this.#generations.append(records, extraBytes);
    } catch (error) {
      if (this.#compaction === undefined || !isDiskFull(error)) throw error;
      await this.#cancelCompaction();
      await this.#generations.append(records, extraBytes);
    }
  }

  #isFull(share = 1): boolean {
    if (this.#compaction !== undefined) return false;
    const { recordsBytes, snapshotBytes } = this.#generations;
    const fullBytes = Math.max(this.#options.compactAtBytes ?? COMPACT_AT_BYTES, snapshotBytes);
    return recordsBytes >= Math.max(share * fullBytes, this.#compactAgainAtBytes);
  }

  /**
   * Starts the next journal, and the snapshot that belongs to it, in the background. If that fails, the journal goes on.
   * Rejects only if the end of the journal cannot be restored.
   */
  async #beginCompaction(capture: StateCapture): Promise<void> {
    let id: JournalId;
    try {
      id = await this.#generations.rotate();
    } catch {
      capture.end();
      this.#postponeCompaction();
      await this.#generations.current.truncateTail();
      return;
    }
    const cancel = new AbortController();
    const path = newSnapshotPath(this.#options.dir);
    const written = writeSnapshot(path, id, capture.records(), cancel.signal).finally(() => capture.end());
    const compaction = { cancel, written: written.catch(() => undefined) };
    this.#compaction = compaction;
    written
      .then((sizeBytes) => this.#inSequence(() => this.#finishCompaction(compaction, id, sizeBytes)))
      .catch(() => this.#postponeCompaction())
      .finally(() => {
        if (this.#compaction === compaction) this.#compaction = undefined;
      });
  }

  async #finishCompaction({ cancel }: Compaction, id: JournalId, sizeBytes: number): Promise<void> {
    if (cancel.signal.aborted) return;
    await this.#generations.adopt(id, sizeBytes);
    this.#compactAgainAtBytes = 0;
  }

  /** Waits until nothing is written in the background, and frees the space of the new snapshot, also if it is complete. */
  async #cancelCompaction(): Promise<void> {
    if (this.#compaction === undefined) return;
    this.#compaction.cancel.abort();
    await this.#compaction.written;
    this.#compaction = undefined;
    await rm(newSnapshotPath(this.#options.dir), { force: true });
  }

  #postponeCompaction(): void {
    this.#compactAgainAtBytes = 2 * this.#generations.recordsBytes;
  }

  #takeWaiting(): Waiting[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  /** Runs one piece of work at a time, in order. */
  #inSequence<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
