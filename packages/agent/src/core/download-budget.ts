import type { DownloadTuning } from "./download-tuning.js";
import { Pace } from "./pace.js";
import { type AttemptFailure, decideRetry, type RetryCounts, type RetryDecision } from "./retry-decision.js";
import type { Journal } from "./update-state.js";

/**
 * What one job execution may cost: erases of the slot, bytes fetched, attempts without progress, time. A server, or
 * whoever can change the unsigned URL, must not be able to wear the flash out or keep the device busy for days. Erases
 * and bytes go into the journal, so that a restart of the device does not start their count anew.
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
  readonly #counts: RetryCounts = { failures: 0, freshUrls: 0, changes: 0 };

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

  /** Failed attempts in a row without progress. */
  get failures(): number {
    return this.#counts.failures;
  }

  /** For the journal. */
  get spent(): Required<Pick<Journal, "erases" | "fetchedBytes">> {
    return { erases: this.#erases, fetchedBytes: this.#fetchedBytes };
  }

  /** Returns why nothing more may be fetched; `undefined` while it may. `isErased`: the slot must be erased for it. */
  fault(isErased: boolean): string | undefined {
    const { erases, fetchedTimes, lowestRate } = this.#tuning;
    if (isErased && this.#erases >= erases) {
      return `the slot was erased ${this.#erases} times for this job: the server does not let the download resume`;
    }
    if (this.#fetchedBytes >= fetchedTimes * this.#sizeBytes) {
      return `${this.#fetchedBytes} bytes were fetched for an image of ${this.#sizeBytes}`;
    }
    if (!this.#pace.isSpent) return undefined;
    return `the download took longer than at ${lowestRate.bytesPerSecond} bytes per second`;
  }

  /** Call before the erase, and save `spent` between the two. */
  noteErase(): void {
    this.#erases += 1;
  }

  /** Notes bytes that came, up to `reachedBytes` of the image. */
  noteFetched(bytes: number, reachedBytes: number): void {
    this.#fetchedBytes += bytes;
    this.#highestBytes = Math.max(this.#highestBytes, reachedBytes);
  }

  /** Notes a wait for the server and the bytes that it brought. */
  noteWait(waitedMs: number, bytes: number): void {
    if (this.#pace.noteWait(waitedMs, bytes)) this.#isSlow = true;
  }

  /** Why this attempt is too slow and must end; `undefined` if it is not. */
  get slowness(): string | undefined {
    const { bytesPerSecond, windowMs } = this.#tuning.lowestRate;
    if (!this.#isSlow) return undefined;
    return `fewer than ${bytesPerSecond} bytes per second came for ${Math.round(windowMs / 1_000)} s`;
  }

  notePause(pauseMs: number): void {
    this.#pace.notePause(pauseMs);
  }

  /**
   * Resets the counts of failures if there was enough progress since the last time. Bytes of an attempt that was too
   * slow are not progress: they would keep the download alive at any rate.
   */
  endAttempt(): void {
    const isSlow = this.#isSlow;
    this.#isSlow = false;
    if (!isSlow && this.#highestBytes - this.#markBytes < this.#stepBytes) return;
    this.#markBytes = this.#highestBytes;
    if (isSlow) return;
    this.#counts.failures = 0;
    this.#counts.freshUrls = 0;
  }

  /** Counts a failed attempt and decides what follows it. */
  decideRetry(failure: AttemptFailure): RetryDecision {
    const counts = this.#counts;
    if (failure === "try-again") counts.failures += 1;
    if (failure === "url-refused") counts.freshUrls += 1;
    if (failure === "changed") counts.changes += 1;
    return decideRetry(failure, counts, this.#tuning);
  }
}
