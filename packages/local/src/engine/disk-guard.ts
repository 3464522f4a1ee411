import { messageOf } from "@fota/shared";
import { AwsError } from "../errors.js";
import type { Journal } from "../journal/journal.js";
import type { ReplayCost } from "../journal/journal-files.js";
import type { Log } from "../log.js";

interface DiskGuardOptions {
  /** Folder of `journal`, for messages. */
  dir: string;
  journal: Journal;
  /** Gets a line when writes begin to fail, and when they succeed again. */
  log: Log;
  /** Called when the guard has tried to restore the world or to write to a failing disk, also without success. */
  onAttempt: () => void;
}

/**
 * Stores commands that have run. After a failed write, restores the world that is on the disk, and refuses commands until
 * the disk accepts writes again.
 */
export class DiskGuard {
  readonly #options: DiskGuardOptions;
  /** The last write failed: the world may be ahead of the disk until `#recovery` has finished. */
  #hasUnwrittenChanges = false;
  #recovery: Promise<void> | undefined;
  #isFailing = false;

  constructor(options: DiskGuardOptions) {
    this.#options = options;
  }

  /** Whether the last write to the disk failed. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Whether a command must call `requireWritable` before it runs. */
  get isUncertain(): boolean {
    return this.#hasUnwrittenChanges || this.#isFailing;
  }

  /**
   * Resolves when the record of a command survives a power cut.
   * @throws {AwsError} ServiceUnavailable if it cannot be written; then the world is as before the command, unless the
   * disk cannot be read either
   */
  async append(record: unknown, cost?: ReplayCost): Promise<void> {
    const { dir, journal, log } = this.#options;
    try {
      await journal.append(record, cost);
    } catch (error) {
      if (!this.#isFailing) {
        log(`cannot write the state in ${dir}: ${messageOf(error)}; all changes are refused until it can`);
      }
      this.#hasUnwrittenChanges = true;
      this.#isFailing = true;
      await this.#recover().catch(() => undefined); // the next command tries again
      throw this.#writeFailure(error);
    }
  }

  /**
   * After a failed write: resolves when the world is restored and the disk has space for `record`.
   * @throws {AwsError} ServiceUnavailable
   */
  async requireWritable(record: unknown): Promise<void> {
    const { dir, journal, log, onAttempt } = this.#options;
    try {
      if (this.#hasUnwrittenChanges) await this.#recover();
      if (!this.#isFailing) return;
      await journal.probe(record);
    } catch (error) {
      onAttempt();
      throw this.#writeFailure(error);
    }
    if (this.#isFailing) log(`the state in ${dir} can be written again`);
    this.#isFailing = false;
  }

  /** Waits until all records are on disk. */
  async close(): Promise<void> {
    await this.#options.journal.close();
  }

  /** Restores the acknowledged state: queries must not see changes that could not be written. */
  #recover(): Promise<void> {
    const { journal, onAttempt } = this.#options;
    this.#recovery ??= journal.reload().then(
      () => {
        this.#hasUnwrittenChanges = false;
        this.#recovery = undefined;
        onAttempt();
      },
      (error: unknown) => {
        this.#recovery = undefined;
        onAttempt();
        throw error;
      },
    );
    return this.#recovery;
  }

  #writeFailure(error: unknown): AwsError {
    const message = `the change was not made, because it could not be written to ${this.#options.dir}: ${messageOf(error)}`;
    return new AwsError("ServiceUnavailableException", 503, message);
  }
}
