import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { FotaError, messageOf } from "@fota/shared";

/**
 * A snapshot and the records that came after it, in one folder:
 *
 *     snapshot.json       {"format", "generation", "state"}, replaced by renaming
 *     journal-<n>.ndjson  one record a line; the one of the snapshot's generation counts, others are left-overs
 *
 * Whatever `append` has answered is there after a power cut. A last line without its end was never answered for.
 */
export interface Journal {
  /** Resolves when the record is on the disk; records appended meanwhile share one write. */
  append(record: unknown): Promise<void>;
  /** Waits for what is being written. */
  close(): Promise<void>;
}

export interface JournalOptions {
  dir: string;
  /** Takes up the state of the last snapshot; not called where there is none yet. */
  restore(state: string): void;
  /** Called for each record after the snapshot, in order. */
  replay(record: unknown): void;
  /** The state as text, every record appended so far included. */
  snapshot(): string;
  /** Bytes of journal after which a new snapshot replaces it. */
  compactAtBytes?: number;
}

const FORMAT = 1;
const SNAPSHOT = "snapshot.json";
const COMPACT_AT_BYTES = 32 * 1024 * 1024;

interface Waiting {
  line: string;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Brings the state back and starts a new generation.
 * @throws {FotaError} LOCAL_DIR_INVALID when the folder holds something else
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { dir, compactAtBytes = COMPACT_AT_BYTES } = options;
  await mkdir(dir, { recursive: true });
  let generation = await load(options);
  let file: FileHandle;
  let sizeBytes = 0;
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  let failure: unknown;

  async function startGeneration(state: string): Promise<void> {
    const previous = file;
    generation += 1;
    // The new journal is there, empty, before the snapshot that it belongs to.
    file = await open(journalPath(dir, generation), "w");
    sizeBytes = 0;
    await writeSnapshot(dir, generation, state);
    await previous?.close();
    await removeLeftovers(dir, generation);
  }

  async function writeBatches(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        if (failure !== undefined) throw failure;
        // Taken here and now, the snapshot holds the batch and nothing that comes after it.
        if (sizeBytes >= compactAtBytes) await startGeneration(options.snapshot());
        else await writeLines(batch);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        failure = error;
        for (const { reject } of batch) reject(error);
      }
    }
    writing = undefined;
  }

  async function writeLines(batch: Waiting[]): Promise<void> {
    const bytes = Buffer.from(batch.map(({ line }) => line).join(""));
    await file.writeFile(bytes);
    await file.datasync();
    sizeBytes += bytes.length;
  }

  await startGeneration(options.snapshot());
  return {
    append: (record) =>
      new Promise((resolve, reject) => {
        waiting.push({ line: `${JSON.stringify(record)}\n`, resolve, reject });
        writing ??= writeBatches();
      }),
    close: async () => {
      await writing;
      await file.close();
    },
  };
}

/** Gives the generation found, 0 for a new folder. */
async function load(options: JournalOptions): Promise<number> {
  const { dir } = options;
  const text = await readIfThere(join(dir, SNAPSHOT));
  if (text === undefined) return 0;
  const { generation, state } = parseSnapshot(dir, text);
  options.restore(state);
  const lines = ((await readIfThere(journalPath(dir, generation))) ?? "").split("\n");
  lines.pop(); // what stands behind the last line's end: nothing, or a torn record
  for (const [index, line] of lines.entries()) {
    try {
      options.replay(JSON.parse(line));
    } catch (error) {
      throw invalid(dir, `line ${index + 1} of journal-${generation}.ndjson: ${messageOf(error)}`);
    }
  }
  return generation;
}

function parseSnapshot(dir: string, text: string): { generation: number; state: string } {
  let snapshot: { format?: unknown; generation?: unknown; state?: unknown } | null;
  try {
    snapshot = JSON.parse(text);
  } catch (error) {
    throw invalid(dir, `${SNAPSHOT} cannot be read: ${messageOf(error)}`);
  }
  if (snapshot?.format !== FORMAT) {
    throw invalid(dir, `${SNAPSHOT} has format ${String(snapshot?.format)}, not ${FORMAT}`);
  }
  const { generation, state } = snapshot;
  if (typeof generation !== "number" || typeof state !== "string")
    throw invalid(dir, `${SNAPSHOT} is incomplete`);
  return { generation, state };
}

async function writeSnapshot(dir: string, generation: number, state: string): Promise<void> {
  const path = join(dir, SNAPSHOT);
  const file = await open(`${path}.new`, "w");
  try {
    await file.writeFile(JSON.stringify({ format: FORMAT, generation, state }));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const folder = await open(dir, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function removeLeftovers(dir: string, generation: number): Promise<void> {
  for (const name of await readdir(dir)) {
    if (/^journal-\d+\.ndjson$/.test(name) && name !== `journal-${generation}.ndjson`)
      await rm(join(dir, name));
  }
}

function journalPath(dir: string, generation: number): string {
  return join(dir, `journal-${generation}.ndjson`);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function invalid(dir: string, why: string): FotaError {
  return new FotaError("LOCAL_DIR_INVALID", `the state in ${dir} is not usable: ${why}`, {
    hint: "give another folder, or remove this one to start anew",
  });
}
