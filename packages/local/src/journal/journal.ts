import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { FotaError, isFotaError, messageOf } from "@fota/shared";
import { checkMissing, checkOwner, type FolderOwner } from "../folder/folder-identity.js";
import {
  DamagedFile,
  encodeEmptyJournal,
  encodeLine,
  encodeMark,
  encodeSnapshot,
  FORMAT,
  holdsRecords,
  type JournalId,
  RECORDS_OFFSET,
  readFirstFormat,
  readJournal,
  readSnapshot,
} from "./journal-files.js";

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

export interface JournalOptions {
  dir: string;
  /** The `--dir` folder that contains `dir`; absent if `dir` is used on its own. */
  owner?: FolderOwner | undefined;
  /** Called with the state of the last snapshot, if there is one. */
  restore(state: string): void;
  /** Called for each record after the snapshot, in order. */
  replay(record: unknown): void;
  /** Returns the state as text, including every record appended so far. */
  snapshot(): string;
  /** Size in bytes at which a new snapshot replaces the journal. */
  compactAtBytes?: number;
}

const SNAPSHOT = "snapshot.json";
const COMPACT_AT_BYTES = 32 * 1024 * 1024;
/** Space that `probe` needs in addition to the record, so that the next record does not fail at once. */
const PROBE_MARGIN = "x".repeat(64 * 1024);

interface Waiting {
  json: string;
  resolve(): void;
  reject(error: unknown): void;
}

interface LoadedState {
  /** Has generation 0 if the folder is new. */
  id: JournalId;
  /** Offset of the next record; absent if the journal has an earlier format. */
  endBytes?: number;
}

/**
 * Restores the state and starts a new generation; on a full disk, continues with the last one.
 *
 * @throws {FotaError} LOCAL_DIR_INVALID if acknowledged data is missing or damaged, or the folder cannot be written
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { dir } = options;
  await mkdir(dir, { recursive: true });
  const loaded = await load(options);
  let { id } = loaded;
  const folder = options.owner?.id ?? (id.folder || randomBytes(16).toString("hex"));
  let endBytes = loaded.endBytes ?? RECORDS_OFFSET;
  let compactAtBytes = options.compactAtBytes ?? COMPACT_AT_BYTES;
  let file: FileHandle | undefined;
  let marks = 0;
  let waiting: Waiting[] = [];
  let isBehind = false;
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
      if (isBehind) throw new Error("an earlier change could not be written");
      // At this point the snapshot contains the batch and nothing after it.
      const state = endBytes >= compactAtBytes ? options.snapshot() : undefined;
      await makeRenameDurable();
      await writeLines(batch);
      for (const { resolve } of batch) resolve();
      if (state !== undefined) await compact(state);
    } catch (error) {
      isBehind = true;
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
    // The mark is not synced: after a power cut, the batch is valid because it is intact. Writing it needs no new block,
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
        await load(options);
        isBehind = false;
      }),
    catchUp: () =>
      inSequence(async () => {
        const batch = takeWaiting();
        try {
          await startGeneration(options.snapshot());
          isBehind = false;
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

async function load(options: JournalOptions): Promise<LoadedState> {
  const { dir, owner } = options;
  const snapshotPath = join(dir, SNAPSHOT);
  const text = await readIfExists(snapshotPath);
  if (text === undefined) {
    checkMissing(snapshotPath, owner);
    await refuseLaterJournals(dir, { generation: 0, folder: "" });
    return { id: { generation: 0, folder: "" } };
  }
  const { format, generation, folder, state } = wrapDamage(snapshotPath, () => readSnapshot(text.toString()));
  const id: JournalId = { generation, folder };
  checkOwner(snapshotPath, folder || undefined, owner);
  const path = journalPath(dir, generation);
  const bytes = await readIfExists(path);
  if (bytes === undefined) {
    throw unusableState(path, `it is missing, but ${SNAPSHOT} of generation ${generation} needs it`);
  }
  await refuseLaterJournals(dir, id);
  // From here on nothing is awaited, so that no other code sees a partly restored state.
  wrapDamage(snapshotPath, () => options.restore(state));
  if (format !== FORMAT) {
    wrapDamage(path, () => readFirstFormat(bytes.toString(), options.replay));
    return { id };
  }
  return { id, endBytes: wrapDamage(path, () => readJournal(bytes, id, options.replay)) };
}

/** Refuses journals with records that are newer than the snapshot: their own snapshot was removed or replaced. */
async function refuseLaterJournals(dir: string, { generation, folder }: JournalId): Promise<void> {
  for (const { path, generation: other } of await listJournals(dir)) {
    if (other <= generation) continue;
    // A journal is written before its snapshot, so an empty one may be newer; so may journal 1 before the first snapshot.
    const bytes = (await readIfExists(path)) ?? Buffer.alloc(0);
    const isStarted = generation === 0 && other > 1;
    if (!isStarted && !holdsRecords(bytes, { generation: other, folder })) continue;
    const found = generation === 0 ? "is missing" : `is of generation ${generation}`;
    throw unusableState(join(dir, SNAPSHOT), `it ${found}, but journal-${other}.ndjson exists`);
  }
}

/** Writes the new snapshot under a temporary name; the caller renames it. */
async function writeSnapshot(dir: string, id: JournalId, state: string): Promise<void> {
  const file = await open(`${join(dir, SNAPSHOT)}.new`, "w");
  try {
    await file.writeFile(encodeSnapshot(id, state));
    await file.sync();
  } finally {
    await file.close();
  }
}

async function removeLeftovers(dir: string, generation: number): Promise<void> {
  for (const journal of await listJournals(dir)) {
    if (journal.generation !== generation) await rm(journal.path);
  }
}

async function listJournals(dir: string): Promise<{ path: string; generation: number }[]> {
  return (await readdir(dir)).flatMap((name) => {
    const digits = /^journal-(\d+)\.ndjson$/.exec(name)?.[1];
    return digits === undefined ? [] : [{ path: join(dir, name), generation: Number(digits) }];
  });
}

function journalPath(dir: string, generation: number): string {
  return join(dir, `journal-${generation}.ndjson`);
}

/** Writes all bytes, or rejects. */
async function writeAt(file: FileHandle, bytes: Buffer, offsetBytes: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offsetBytes + done);
    if (bytesWritten === 0) throw new Error("nothing was written: is the disk full?");
    done += bytesWritten;
  }
}

/** @throws {FotaError} LOCAL_DIR_INVALID */
async function readIfExists(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw unusableState(path, `it cannot be read: ${messageOf(error)}`);
  }
}

/** @throws {FotaError} LOCAL_DIR_INVALID for what `read` throws */
function wrapDamage<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isFotaError(error)) throw error;
    if (error instanceof DamagedFile) throw unusableState(path, error.message);
    throw unusableState(path, `it cannot be replayed: ${messageOf(error)}`);
  }
}

function unusableState(path: string, why: string): FotaError {
  return new FotaError("LOCAL_DIR_INVALID", `the state in ${path} is not usable: ${why}`, {
    hint: "restore the folder of this file from a backup, or start with another --dir; to start empty, remove the folder",
  });
}

function unwritableFolder(dir: string, cause: unknown): FotaError {
  return new FotaError("LOCAL_DIR_INVALID", `the state in ${dir} cannot be written: ${messageOf(cause)}`, {
    hint: "free disk space and give this user write permission, or start with another --dir",
    cause,
  });
}

function isDiskFull(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && ["ENOSPC", "EDQUOT", "EFBIG"].includes(String(error.code))
  );
}
