import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { Generations } from "./generations.js";
import { isDiskFull, unwritableFolder } from "./journal-folder.js";
import { type JournalOptions, loadJournal } from "./load-journal.js";
import { RecordsFile } from "./records-file.js";

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

/**
 * Restores the state and starts a new generation; on a full disk, continues with the last one.
 *
 * @throws {FotaError} LOCAL_DIR_INVALID if acknowledged data is missing or damaged, or the folder cannot be written
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { dir, owner, compactAtBytes = COMPACT_AT_BYTES } = options;
  await mkdir(dir, { recursive: true });
  const { id, endBytes } = await loadJournal(options);
  const folder = owner?.id ?? (id.folder || randomBytes(16).toString("hex"));
  const current = new RecordsFile(dir, id, compactAtBytes, endBytes);
  const generations = new Generations({ dir, folder, compactAtBytes, current });
  try {
    await generations.start(options.snapshot());
  } catch (error) {
    if (endBytes === undefined || !isDiskFull(error)) throw unwritableFolder(dir, error);
    await generations.current.open();
    await generations.current.truncateTail();
  }
  return new FolderJournal(options, generations);
}

/** A record that is not on the disk yet. */
interface Waiting {
  json: string;
  resolve(): void;
  reject(error: unknown): void;
}

class FolderJournal implements Journal {
  readonly #options: JournalOptions;
  readonly #generations: Generations;
  #waiting: Waiting[] = [];
  #hasUnwrittenChanges = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: JournalOptions, generations: Generations) {
    this.#options = options;
    this.#generations = generations;
  }

  append(record: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ json: JSON.stringify(record), resolve, reject });
      if (this.#waiting.length === 1) this.#inSequence(() => this.#writeBatch()).catch(reject);
    });
  }

  probe(record: unknown): Promise<void> {
    return this.#inSequence(() => this.#generations.current.probe(JSON.stringify(record)));
  }

  reload(): Promise<void> {
    return this.#inSequence(async () => {
      await this.#generations.current.truncateTail();
      await loadJournal(this.#options);
      this.#hasUnwrittenChanges = false;
    });
  }

  catchUp(): Promise<void> {
    return this.#inSequence(async () => {
      const batch = this.#takeWaiting();
      try {
        await this.#generations.start(this.#options.snapshot());
        this.#hasUnwrittenChanges = false;
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
        throw error;
      }
    });
  }

  close(): Promise<void> {
    return this.#inSequence(() => this.#generations.current.close());
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#takeWaiting();
    if (batch.length === 0) return;
    const { current } = this.#generations;
    try {
      if (this.#hasUnwrittenChanges) throw new Error("an earlier change could not be written");
      // At this point the snapshot contains the batch and nothing after it.
      const state = current.isFull ? this.#options.snapshot() : undefined;
      await this.#generations.makeRenameDurable();
      await current.append(batch.map(({ json }) => json));
      for (const { resolve } of batch) resolve();
      if (state !== undefined) await this.#compact(state);
    } catch (error) {
      this.#hasUnwrittenChanges = true;
      await current.truncateTail().catch(() => undefined); // `reload` repeats it and needs it to succeed
      for (const { reject } of [...batch, ...this.#takeWaiting()]) reject(error);
    }
  }

  /** Replaces records that have become too large. If that fails, continues with them. */
  async #compact(state: string): Promise<void> {
    const full = this.#generations.current;
    try {
      await this.#generations.start(state);
    } catch {
      if (this.#generations.current === full) full.postponeCompaction();
    }
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
