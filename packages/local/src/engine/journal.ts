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
 * A snapshot and the records that came after it, in one folder:
 *
 *     snapshot.json       the state of a generation, replaced by renaming
 *     journal-<n>.ndjson  one record a line; the one of the snapshot's generation counts, earlier ones are left-overs
 *
 * Whatever `append` has answered is there after a power cut, or the folder is refused. What it refused is not.
 */
export interface Journal {
  /**
   * Resolves when the record is on the disk; records appended meanwhile share one write. When it rejects, it also does
   * for every other record that is not on the disk yet, and for all later ones until `reload` or `catchUp`: the caller's
   * state has then changes that the disk has not.
   */
  append(record: unknown): Promise<void>;
  /** Rejects when `record` could not be written now, for instance because the disk is full. Changes nothing. */
  probe(record: unknown): Promise<void>;
  /** After a failed `append`: takes the state back to what the disk has, by `restore` and `replay`. */
  reload(): Promise<void>;
  /** After a failed `append`: brings the disk to the caller's state, with a new snapshot. */
  catchUp(): Promise<void>;
  /** Waits for what is being written. */
  close(): Promise<void>;
}

export interface JournalOptions {
  dir: string;
  /** The folder that `dir` is a part of; without it, `dir` stands alone. */
  owner?: FolderOwner | undefined;
  /** Takes up the state of the last snapshot; not called where there is none yet. */
  restore(state: string): void;
  /** Called for each record after the snapshot, in order. */
  replay(record: unknown): void;
  /** The state as text, every record appended so far included. */
  snapshot(): string;
  /** Bytes of journal after which a new snapshot replaces it. */
  compactAtBytes?: number;
}

const SNAPSHOT = "snapshot.json";
const COMPACT_AT_BYTES = 32 * 1024 * 1024;
/** Room that `probe` asks for beside the record itself, so that the disk is not found full again by the next one. */
const PROBE_MARGIN = "x".repeat(64 * 1024);

interface Waiting {
  json: string;
  resolve(): void;
  reject(error: unknown): void;
}

interface Loaded {
  /** Of generation 0 where the folder is new. */
  id: JournalId;
  /** Where the next record goes; absent where the journal is of an earlier format. */
  endBytes?: number;
}

/**
 * Brings the state back and starts a new generation; on a full disk it goes on with the last one.
 *
 * @throws {FotaError} LOCAL_DIR_INVALID when what was acknowledged is not there as it was written, or nothing can be
 * written
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

  /** One at a time, in order. */
  function exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  }

  function takeWaiting(): Waiting[] {
    const taken = waiting;
    waiting = [];
    return taken;
  }

  /** When it rejects, `id` tells which generation counts; both hold the same state. */
  async function startGeneration(state: string): Promise<void> {
    const next: JournalId = { generation: id.generation + 1, folder };
    const path = journalPath(dir, next.generation);
    let made: FileHandle | undefined;
    try {
      // The new journal is there, empty, before the snapshot that it belongs to.
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
    // From here on the new generation counts: its journal must stay, whatever fails.
    await file?.close().catch(() => undefined);
    file = made;
    id = next;
    endBytes = RECORDS_OFFSET;
    compactAtBytes = options.compactAtBytes ?? COMPACT_AT_BYTES;
    isRenameDurable = false;
    await makeRenameDurable();
    await removeLeftovers(dir, id.generation).catch(() => undefined); // the next start removes them
  }

  /** Until then a power cut may bring back the snapshot before, and with it the journal before. */
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

  /** Replaces a journal that has grown. Where that is not possible now, the journal goes on as it is. */
  async function compact(state: string): Promise<void> {
    const grown = id;
    try {
      await startGeneration(state);
    } catch {
      if (id === grown) compactAtBytes = 2 * endBytes;
    }
  }

  async function writeBatch(): Promise<void> {
    const batch = takeWaiting();
    if (batch.length === 0) return;
    try {
      if (isBehind) throw new Error("an earlier change could not be written");
      // Taken here and now, the snapshot holds the batch and nothing that comes after it.
      const state = endBytes >= compactAtBytes ? options.snapshot() : undefined;
      await makeRenameDurable();
      await writeLines(batch);
      for (const { resolve } of batch) resolve();
      if (state !== undefined) await compact(state);
    } catch (error) {
      isBehind = true;
      await cutBack().catch(() => undefined); // `reload` does it again, and does not go on without
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
    // Not waited for on the disk: after a power cut the batch counts because it is whole. It is in a block that the file
    // has already; where it fails all the same, the last batch is as good as without it.
    await writeAt(opened, Buffer.from(mark.text), mark.offsetBytes).catch(() => undefined);
  }

  /** Removes what a write that failed left behind the last record. */
  async function cutBack(): Promise<void> {
    await openFile().truncate(endBytes);
  }

  function openFile(): FileHandle {
    if (file === undefined) throw new Error("the journal is closed");
    return file;
  }

  try {
    await startGeneration(options.snapshot());
  } catch (error) {
    if (loaded.endBytes === undefined || !isNoRoom(error)) throw unwritable(dir, error);
    file ??= await open(journalPath(dir, id.generation), "r+");
    await cutBack();
  }

  return {
    append: (record) =>
      new Promise((resolve, reject) => {
        waiting.push({ json: JSON.stringify(record), resolve, reject });
        if (waiting.length === 1) exclusive(writeBatch).catch(reject);
      }),
    probe: (record) =>
      exclusive(async () => {
        const bytes = Buffer.from(`${encodeLine(JSON.stringify(record), id, endBytes)}${PROBE_MARGIN}`);
        try {
          await writeAt(openFile(), bytes, endBytes);
          await openFile().datasync();
        } finally {
          await cutBack();
        }
      }),
    reload: () =>
      exclusive(async () => {
        await cutBack();
        await load(options);
        isBehind = false;
      }),
    catchUp: () =>
      exclusive(async () => {
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
      exclusive(async () => {
        await file?.close();
        file = undefined;
      }),
  };
}

async function load(options: JournalOptions): Promise<Loaded> {
  const { dir, owner } = options;
  const snapshotPath = join(dir, SNAPSHOT);
  const text = await readIfThere(snapshotPath);
  if (text === undefined) {
    checkMissing(snapshotPath, owner);
    await refuseLaterJournals(dir, { generation: 0, folder: "" });
    return { id: { generation: 0, folder: "" } };
  }
  const { format, generation, folder, state } = checked(snapshotPath, () => readSnapshot(text.toString()));
  const id: JournalId = { generation, folder };
  checkOwner(snapshotPath, folder || undefined, owner);
  const path = journalPath(dir, generation);
  const bytes = await readIfThere(path);
  if (bytes === undefined) {
    throw invalid(path, `it is missing, and ${SNAPSHOT} of generation ${generation} needs it`);
  }
  await refuseLaterJournals(dir, id);
  // From here on nothing is waited for: who looks at the state sees the old or the new one, never a part.
  checked(snapshotPath, () => options.restore(state));
  if (format !== FORMAT) {
    checked(path, () => readFirstFormat(bytes.toString(), options.replay));
    return { id };
  }
  return { id, endBytes: checked(path, () => readJournal(bytes, id, options.replay)) };
}

/** Refuses journals later than the snapshot that hold records: the snapshot they belong to is gone, or an old one. */
async function refuseLaterJournals(dir: string, { generation, folder }: JournalId): Promise<void> {
  for (const { path, generation: other } of await journalsIn(dir)) {
    if (other <= generation) continue;
    // The first journal is there before the first snapshot, and any is before its own.
    const bytes = (await readIfThere(path)) ?? Buffer.alloc(0);
    const isStarted = generation === 0 && other > 1;
    if (!isStarted && !holdsRecords(bytes, { generation: other, folder })) continue;
    const found = generation === 0 ? "is missing" : `is of generation ${generation}`;
    throw invalid(join(dir, SNAPSHOT), `it ${found}, and journal-${other}.ndjson is there`);
  }
}

/** Writes it beside the one that counts; the caller renames it. */
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
  for (const journal of await journalsIn(dir)) {
    if (journal.generation !== generation) await rm(journal.path);
  }
}

async function journalsIn(dir: string): Promise<{ path: string; generation: number }[]> {
  return (await readdir(dir)).flatMap((name) => {
    const digits = /^journal-(\d+)\.ndjson$/.exec(name)?.[1];
    return digits === undefined ? [] : [{ path: join(dir, name), generation: Number(digits) }];
  });
}

function journalPath(dir: string, generation: number): string {
  return join(dir, `journal-${generation}.ndjson`);
}

/** Writes all of it, or rejects. */
async function writeAt(file: FileHandle, bytes: Buffer, offsetBytes: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offsetBytes + done);
    if (bytesWritten === 0) throw new Error("nothing was written: is the disk full?");
    done += bytesWritten;
  }
}

/** @throws {FotaError} LOCAL_DIR_INVALID */
async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw invalid(path, `it cannot be read: ${messageOf(error)}`);
  }
}

/** @throws {FotaError} LOCAL_DIR_INVALID for what `read` throws */
function checked<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isFotaError(error)) throw error;
    if (error instanceof DamagedFile) throw invalid(path, error.message);
    throw invalid(path, `it cannot be carried out: ${messageOf(error)}`);
  }
}

function invalid(path: string, why: string): FotaError {
  return new FotaError("LOCAL_DIR_INVALID", `the state in ${path} is not usable: ${why}`, {
    hint: "restore the folder of this file from a copy, or start with another --dir; to start with nothing, remove the folder",
  });
}

function unwritable(dir: string, cause: unknown): FotaError {
  return new FotaError("LOCAL_DIR_INVALID", `the state in ${dir} cannot be written: ${messageOf(cause)}`, {
    hint: "make room and give this user the right to write there, or start with another --dir",
    cause,
  });
}

function isNoRoom(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && ["ENOSPC", "EDQUOT", "EFBIG"].includes(String(error.code))
  );
}
