import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { StateCapture } from "../state/state-capture.js";
import { continuation, type JournalId } from "./journal-files.js";
import { newSnapshotPath, removeLeftovers, SNAPSHOT, syncFolder } from "./journal-folder.js";
import type { LoadedFolder } from "./load-journal.js";
import { RecordsFile } from "./records-file.js";
import { writeSnapshot } from "./snapshot-writer.js";

/** The snapshot of a journal's folder, the journals after it, and how the next ones replace them. */
export class Generations {
  readonly #dir: string;
  /** Id of the folder, for new generations. */
  readonly #folder: string;
  #snapshotBytes: number;
  /** Bytes of the journals between the snapshot and the current one, with those that their records cost more. */
  #closedBytes: number;
  /** What the records of the current journal cost more than their size. */
  #extraBytes: number;
  #current: RecordsFile;
  #isRenameDurable = true;

  /** Touches no file: call `open` or `start`. */
  constructor(
    dir: string,
    folder: string,
    { id, last, lastGeneration, snapshotBytes, closedBytes }: LoadedFolder,
  ) {
    this.#dir = dir;
    this.#folder = folder;
    this.#snapshotBytes = snapshotBytes;
    this.#closedBytes = closedBytes;
    this.#extraBytes = last?.extraBytes ?? 0;
    this.#current = new RecordsFile(dir, { ...id, generation: lastGeneration }, last);
  }

  /** The journal that gets the next records. */
  get current(): RecordsFile {
    return this.#current;
  }

  /** Bytes of the records since the snapshot; more if they take longer to replay than usual ones of that size. */
  get recordsBytes(): number {
    return this.#closedBytes + this.#current.endBytes + this.#extraBytes;
  }

  get snapshotBytes(): number {
    return this.#snapshotBytes;
  }

  /** Continues with the files that were loaded. */
  async open(first: number): Promise<void> {
    await this.#current.open();
    await this.#current.truncateTail();
    await removeLeftovers(this.#dir, first, this.#current.id.generation).catch(() => undefined);
    await rm(newSnapshotPath(this.#dir), { force: true }).catch(() => undefined);
  }

  /** Writes records, which cost `extraBytes` more than their size. They survive a power cut when it resolves. */
  async append(records: readonly string[], extraBytes = 0): Promise<void> {
    await this.#makeRenameDurable();
    await this.#current.append(records);
    this.#extraBytes += extraBytes;
  }

  /**
   * Replaces all files by a snapshot and an empty journal. Also if it rejects, `current` is the valid journal, the old or
   * the new.
   */
  async start(capture: StateCapture): Promise<void> {
    const next = this.#nextFile();
    const path = newSnapshotPath(this.#dir);
    try {
      await next.create(); // the empty journal must exist before its snapshot
      this.#snapshotBytes = await writeSnapshot(path, next.id, capture.records());
      await rename(path, join(this.#dir, SNAPSHOT));
    } catch (error) {
      await next.close();
      await rm(next.path, { force: true });
      await rm(path, { force: true });
      throw error;
    }
    // From here on the new generation is valid: its journal must stay, whatever fails.
    await this.#current.close().catch(() => undefined);
    this.#current = next;
    this.#closedBytes = 0;
    this.#extraBytes = 0;
    this.#isRenameDurable = false;
    await this.#makeRenameDurable();
    const { generation } = next.id;
    await removeLeftovers(this.#dir, generation, generation).catch(() => undefined); // the next start removes them
  }

  /**
   * Ends the current journal; the next records go to a new one, which belongs to the same snapshot until it has its own.
   * If it rejects, call `current.truncateTail` before the next record.
   */
  async rotate(): Promise<JournalId> {
    const next = this.#nextFile();
    try {
      await next.create();
      await syncFolder(this.#dir); // the new journal must exist before the old one refers to it
      await this.append([continuation(next.id.generation)]);
    } catch (error) {
      await next.close(); // the file stays: the old journal may refer to it
      throw error;
    }
    await this.#current.close().catch(() => undefined);
    this.#closedBytes += this.#current.endBytes + this.#extraBytes;
    this.#extraBytes = 0;
    this.#current = next;
    return next.id;
  }

  /** Makes the snapshot that was written the valid one, and removes what it replaces. The journal `id` is the current one. */
  async adopt(id: JournalId, snapshotBytes: number): Promise<void> {
    const path = newSnapshotPath(this.#dir);
    try {
      await rename(path, join(this.#dir, SNAPSHOT));
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    this.#snapshotBytes = snapshotBytes;
    this.#closedBytes = 0;
    await syncFolder(this.#dir); // before, a power cut may bring back the old snapshot, which needs its journals
    await removeLeftovers(this.#dir, id.generation, id.generation).catch(() => undefined);
  }

  #nextFile(): RecordsFile {
    return new RecordsFile(this.#dir, { generation: this.#current.id.generation + 1, folder: this.#folder });
  }

  /** Until this has run, a power cut may bring back the snapshot before `start`, and with it its journal. */
  async #makeRenameDurable(): Promise<void> {
    if (this.#isRenameDurable) return;
    await syncFolder(this.#dir);
    this.#isRenameDurable = true;
  }
}
