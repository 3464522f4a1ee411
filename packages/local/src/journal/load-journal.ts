import { join } from "node:path";
import { checkMissing, checkOwner, type FolderOwner } from "../folder/folder-identity.js";
import {
  FORMAT,
  holdsRecords,
  type JournalId,
  readFirstFormat,
  readJournal,
  readSnapshot,
} from "./journal-files.js";
import {
  journalPath,
  listJournals,
  readIfExists,
  SNAPSHOT,
  unusableState,
  wrapDamage,
} from "./journal-folder.js";

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

interface LoadedState {
  /** Has generation 0 if the folder is new. */
  id: JournalId;
  /** Offset of the next record; absent if the journal has an earlier format. */
  endBytes?: number;
}

/**
 * Reads the snapshot of `options.dir` and the journal of its generation, and passes them to `restore` and `replay`.
 *
 * @throws {FotaError} LOCAL_DIR_INVALID if acknowledged data is missing or damaged
 */
export async function loadJournal(options: JournalOptions): Promise<LoadedState> {
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
    // A journal is written before its snapshot, so an empty one may be newer; so may journal 1 before the first
    // snapshot.
    const bytes = (await readIfExists(path)) ?? Buffer.alloc(0);
    const isStarted = generation === 0 && other > 1;
    if (!isStarted && !holdsRecords(bytes, { generation: other, folder })) continue;
    const found = generation === 0 ? "is missing" : `is of generation ${generation}`;
    throw unusableState(join(dir, SNAPSHOT), `it ${found}, but journal-${other}.ndjson exists`);
  }
}
