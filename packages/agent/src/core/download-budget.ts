import type { DownloadTuning } from "./download-tuning.js";
import { Pace } from "./pace.js";
import { type AttemptFailure, decideRetry, type RetryDecision } from "./retry-decision.js";
import type { Journal } from "./update-state.js";

/**
 * Limits what one job execution may cost: erases of the slot, bytes fetched, attempts without progress, time. A server,
 * or anyone who can change the unsigned URL, must not be able to wear out the flash or keep the device busy for days.
 * Erases and bytes are saved in the journal, so that a restart of the device does not reset them.
 */
export class DownloadBudget {
  readonly #tuning: DownloadTuning;
  readonly #sizeBytes: number;
  readonly #stepBytes: number;
  readonly #pace: Pace;
  #erases: number;
  #fetchedBytes: number;
  /** The furthest byte so far. Only bytes beyond it are progress, or a server without Range could loop endlessly. */
  #highestBytes: number;
  /** The furthest byte when progress was last noted. */
  #markBytes: number;
  #isSlow = false;
  #counts: { [Failure in AttemptFailure]?: number | undefined } = {};

  constructor(tuning: DownloadTuning, sizeBytes: number, journal: Journal) {
    this.#tuning = tuning;
    this.#sizeBytes = sizeBytes;
    this.#stepBytes = Math.max(1, Math.min(tuning.journalBytes, Math.ceil(sizeBytes / 100)));
    this.#pace = new Pace(tuning.lowestRate, sizeBytes, tuning.attempts);
    this.#erases = journal.erases ?? 0;
    this.#fetchedBytes = journal.fetchedBytes ?? journal.offsetBytes;
    this.#highestBytes = Math.min(journal.offsetBytes, sizeBytes);
    this.#markBytes = this.#highestBytes;
  }

  /** Erases and bytes so far, for the journal. */
  get spent(): Required<Pick<Journal, "erases" | "fetchedBytes">> {
    return { erases: this.#erases, fetchedBytes: this.#fetchedBytes };
  }

  /**
   * Returns why nothing more may be fetched; `undefined` while it may. `needsErase`: the slot must be erased first.
   */
  fault(needsErase: boolean): string | undefined {
    const { erases, fetchedTimes, lowestRate } = this.#tuning;
    if (needsErase && this.#erases >= erases) {
      return `the slot was erased ${this.#erases} times for this job: the server does not let the download resume`;
    }
    if (this.#fetchedBytes >= fetchedTimes * this.#sizeBytes) {
      return `${this.#fetchedBytes} bytes were fetched for an image of ${this.#sizeBytes}`;
    }
    if (!this.#pace.isExhausted) return undefined;
    return `the download was slower than ${lowestRate.bytesPerSecond} bytes per second`;
  }

  /** Counts an erase. Call it before the erase, and save `spent` between the two. */
  noteErase(): void {
    this.#erases += 1;
  }

  /** Counts bytes received, up to offset `reachedBytes` of the image. */
  noteFetched(bytes: number, reachedBytes: number): void {
    this.#fetchedBytes += bytes;
    this.#highestBytes = Math.max(this.#highestBytes, reachedBytes);
  }

  /** Counts a wait for the server and the bytes received in it. */
  noteWait(waitedMs: number, bytes: number): void {
    if (this.#pace.noteWait(waitedMs, bytes)) this.#isSlow = true;
  }

  /** Why this attempt is too slow and must end; `undefined` if it is fast enough. */
  get slowness(): string | undefined {
    const { bytesPerSecond, windowMs } = this.#tuning.lowestRate;
    if (!this.#isSlow) return undefined;
    return `received fewer than ${bytesPerSecond} bytes per second for ${Math.round(windowMs / 1_000)} s`;
  }

  notePause(pauseMs: number): void {
    this.#pace.notePause(pauseMs);
  }

  /**
   * Ends an attempt. Resets the counts of failures if it made enough progress. An attempt that was too slow is not
   * progress, or it would keep the download alive at any rate.
   */
  endAttempt(): void {
    const isSlow = this.#isSlow;
    this.#isSlow = false;
    if (!isSlow && this.#highestBytes - this.#markBytes < this.#stepBytes) return;
    this.#markBytes = this.#highestBytes;
    if (isSlow) return;
    this.#counts = { changed: this.#counts.changed };
  }

  /** Counts a failed attempt and decides what follows it. */
  decideRetry(failure: AttemptFailure): RetryDecision {
    const failures = (this.#counts[failure] ?? 0) + 1;
    this.#counts[failure] = failures;
    return decideRetry(failure, failures, this.#tuning);
  }
}
