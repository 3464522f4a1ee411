import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { removeLeftovers, SNAPSHOT, writeSnapshot } from "./journal-folder.js";
import { RecordsFile } from "./records-file.js";

interface GenerationsOptions {
  dir: string;
  /** Id of the folder, for new generations. */
  folder: string;
  /** Size in bytes at which the records of a new generation are full. */
  compactAtBytes: number;
  /** The generation that is valid now. */
  current: RecordsFile;
}

/** The generations of a journal's folder: the valid one, and how the next one replaces it. */
export class Generations {
  readonly #options: GenerationsOptions;
  #current: RecordsFile;
  #isRenameDurable = true;

  constructor(options: GenerationsOptions) {
    this.#options = options;
    this.#current = options.current;
  }

  /** The records of the valid generation. */
  get current(): RecordsFile {
    return this.#current;
  }

  /** Writes a snapshot with an empty journal. Also if it rejects, `current` is the valid generation, the old or the new. */
  async start(state: string): Promise<void> {
    const { dir, folder, compactAtBytes } = this.#options;
    const id = { generation: this.#current.id.generation + 1, folder };
    const next = new RecordsFile(dir, id, compactAtBytes);
    try {
      await next.create(); // the empty journal must exist before its snapshot
      await writeSnapshot(dir, id, state);
      await rename(`${join(dir, SNAPSHOT)}.new`, join(dir, SNAPSHOT));
    } catch (error) {
      await next.close();
      await rm(next.path, { force: true });
      await rm(`${join(dir, SNAPSHOT)}.new`, { force: true });
      throw error;
    }
    // From here on the new generation is valid: its journal must stay, whatever fails.
    await this.#current.close().catch(() => undefined);
    this.#current = next;
    this.#isRenameDurable = false;
    await this.makeRenameDurable();
    await removeLeftovers(dir, id.generation).catch(() => undefined); // the next start removes them
  }

  /** Until this has run, a power cut may bring back the previous snapshot, and with it the previous journal. */
  async makeRenameDurable(): Promise<void> {
    if (this.#isRenameDurable) return;
    const folder = await open(this.#options.dir, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    this.#isRenameDurable = true;
  }
}
