import { join } from "node:path";
import { checkMissing, checkOwner, type FolderOwner } from "../folder/folder-identity.js";
import { StateBuilder } from "../state/state-builder.js";
import type { StateCapture } from "../state/state-capture.js";
import { isEarlierSnapshot, readEarlierSnapshot, readFirstFormat } from "./earlier-formats.js";
import {
  FORMAT,
  holdsRecords,
  type JournalId,
  JournalReader,
  RECORDS_OFFSET,
  type ReplayCost,
  readJournal,
} from "./journal-files.js";
import {
  journalPath,
  listJournals,
  readIfExists,
  SNAPSHOT,
  unusableState,
  withFile,
  wrapDamage,
} from "./journal-folder.js";
import { readLines } from "./lines.js";
import { SnapshotReader } from "./snapshot-files.js";

/** What a journal keeps. */
export interface JournaledState {
  /** Begins to restore the state with the root of the last snapshot. Changes nothing until `finish`. */
  restore(root: unknown): Restoration;
  /** The same for a snapshot of an earlier release, in the text that it was stored as. */
  restoreText(text: string): Restoration;
  /** Captures the state, with every record appended so far. */
  capture(): StateCapture;
}

/** A state that is being restored. */
export interface Restoration {
  /** Called for each record after the snapshot, in order. Returns `undefined` for a usual one. */
  replay(record: unknown): ReplayCost | undefined;
  /** Makes the restored state the current one. */
  finish(): void;
}

export interface JournalFolder {
  dir: string;
  /** The `--dir` folder that contains `dir`; absent if `dir` is used on its own. */
  owner?: FolderOwner | undefined;
}

/** The files of a folder. */
export interface LoadedFolder {
  /** Of the snapshot; generation 0 if the folder is new. */
  id: JournalId;
  snapshotBytes: number;
  /** Bytes of the journals before the last one, with those that their records cost more. */
  closedBytes: number;
  /** The journal that gets the next records; absent if the folder is new or has an earlier format. */
  last?: { generation: number; endBytes: number; slot: number; extraBytes: number };
  /** The highest generation. */
  lastGeneration: number;
}

/**
 * Reads the snapshot of a folder and the journals after it, and passes them to `state`, which changes in one step.
 *
 * @throws {FotaError} LOCAL_DIR_INVALID if acknowledged data is missing or damaged
 */
export async function loadJournal(folder: JournalFolder, state: JournaledState): Promise<LoadedFolder> {
  const path = join(folder.dir, SNAPSHOT);
  const isEarlier = await withFile(path, async (file) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(32), 0, 32, 0);
    return isEarlierSnapshot(buffer.subarray(0, bytesRead));
  });
  if (isEarlier === undefined) return await checkNewFolder(path, folder);
  return isEarlier ? await loadEarlier(path, folder, state) : await loadCurrent(path, folder, state);
}

async function checkNewFolder(path: string, { dir, owner }: JournalFolder): Promise<LoadedFolder> {
  checkMissing(path, owner);
  const id: JournalId = { generation: 0, folder: "" };
  await refuseLaterJournals(dir, id, 0, FORMAT);
  return { id, snapshotBytes: 0, closedBytes: 0, lastGeneration: 0 };
}

async function loadCurrent(
  path: string,
  { dir, owner }: JournalFolder,
  state: JournaledState,
): Promise<LoadedFolder> {
  const { id, root, snapshotBytes } = await readSnapshot(path);
  checkOwner(path, id.folder || undefined, owner);
  const restoration = await wrapDamage(path, () => state.restore(root));
  let why = `${SNAPSHOT} of generation ${id.generation} needs it`;
  let closedBytes = 0;
  for (let generation = id.generation; ; ) {
    const reader = await readRecords(dir, { ...id, generation }, why, restoration);
    if (reader.next === undefined) {
      await refuseLaterJournals(dir, id, generation, FORMAT);
      restoration.finish();
      const last = {
        generation,
        endBytes: reader.endBytes,
        slot: reader.slot,
        extraBytes: reader.extraBytes,
      };
      return { id, snapshotBytes, closedBytes, last, lastGeneration: generation };
    }
    why = `journal-${generation}.ndjson continues in it`;
    closedBytes += reader.endBytes + reader.extraBytes;
    generation = reader.next;
  }
}

async function readSnapshot(path: string): Promise<{ id: JournalId; root: unknown; snapshotBytes: number }> {
  const builder = new StateBuilder();
  const reader = new SnapshotReader((record) => builder.add(record));
  const found = await withFile(path, async (file) => {
    await readLines(file, 0, (line, isWhole) => reader.read(line, isWhole));
    return { id: reader.finish(), snapshotBytes: (await file.stat()).size };
  });
  if (found === undefined) throw unusableState(path, "it was removed while it was read");
  return { ...found, root: await wrapDamage(path, () => builder.finish()) };
}

async function readRecords(
  dir: string,
  id: JournalId,
  why: string,
  { replay }: Restoration,
): Promise<JournalReader> {
  const path = journalPath(dir, id.generation);
  const reader = await withFile(path, async (file) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(RECORDS_OFFSET), 0, RECORDS_OFFSET, 0);
    const { size } = await file.stat();
    const reader = new JournalReader(buffer.subarray(0, bytesRead), size, id, { replay });
    await readLines(file, RECORDS_OFFSET, (line, isWhole) => reader.read(line, isWhole));
    return reader;
  });
  if (reader === undefined) throw unusableState(path, `it is missing, but ${why}`);
  return reader;
}

async function loadEarlier(
  snapshotPath: string,
  { dir, owner }: JournalFolder,
  state: JournaledState,
): Promise<LoadedFolder> {
  const text = (await readIfExists(snapshotPath))?.toString() ?? "";
  const snapshot = await wrapDamage(snapshotPath, () => readEarlierSnapshot(text));
  const { format, generation } = snapshot;
  const id: JournalId = { generation, folder: snapshot.folder };
  checkOwner(snapshotPath, id.folder || undefined, owner);
  const path = journalPath(dir, generation);
  const bytes = await readIfExists(path);
  if (bytes === undefined) {
    throw unusableState(path, `it is missing, but ${SNAPSHOT} of generation ${generation} needs it`);
  }
  await refuseLaterJournals(dir, id, generation, format);
  const restoration = await wrapDamage(snapshotPath, () => state.restoreText(snapshot.state));
  const { replay } = restoration;
  await wrapDamage(path, () => {
    if (format === 1) readFirstFormat(bytes.toString(), replay);
    else readJournal(bytes, id, { format, replay });
  });
  restoration.finish();
  return { id, snapshotBytes: text.length, closedBytes: 0, lastGeneration: generation };
}

/** Refuses journals with records after the last one that belongs to the snapshot: theirs was removed or replaced. */
async function refuseLaterJournals(
  dir: string,
  { generation, folder }: JournalId,
  last: number,
  format: number,
): Promise<void> {
  for (const { path, generation: other } of await listJournals(dir)) {
    if (other <= last) continue;
    // A journal is written before its snapshot, or before the one before it continues there, so an empty one may be
    // newer; so may journal 1 before the first snapshot.
    const bytes = (await readIfExists(path)) ?? Buffer.alloc(0);
    const isStarted = generation === 0 && other > 1;
    if (!isStarted && !holdsRecords(bytes, { generation: other, folder }, format)) continue;
    const found = generation === 0 ? "is missing" : `is of generation ${generation}`;
    throw unusableState(join(dir, SNAPSHOT), `it ${found}, but journal-${other}.ndjson exists`);
  }
}
