import type { BackoffPolicy } from "./backoff.js";
import type { LowestRate } from "./pace.js";

export interface DownloadTuning {
  /** An attempt ends after this time without an answer or a further byte. */
  stallTimeoutMs: number;
  /** An attempt ends when it is slower than this. Its bytes do not count as progress. */
  lowestRate: LowestRate;
  /** Attempts in a row without progress before the download fails. Progress is a journal step or 1 % of the image. */
  attempts: number;
  /** Fresh URLs in a row without progress before the download fails. */
  freshUrls: number;
  /** How often the slot is erased for one job execution, the first time included. Survives a restart of the device. */
  erases: number;
  /** Bytes fetched for one job execution, in multiples of the image. Survives a restart of the device. */
  fetchedTimes: number;
  backoff: BackoffPolicy;
  /** Bytes between two journal saves, if `journalIntervalMs` have passed: a power cut loses no more. */
  journalBytes: number;
  /** Least time between two journal saves: a fast link would otherwise spend more time on them than on the image. */
  journalIntervalMs: number;
  /** Bytes of one write. The image takes two such buffers of memory: one fills while the other is written. */
  bufferBytes: number;
}

export const DOWNLOAD_TUNING: DownloadTuning = {
  stallTimeoutMs: 30_000,
  // Below what NB-IoT gives at the edge of its coverage, above what keeps a download alive for days.
  lowestRate: { bytesPerSecond: 256, windowMs: 300_000 },
  attempts: 8,
  freshUrls: 3,
  erases: 5,
  fetchedTimes: 4,
  backoff: { baseMs: 1_000, maxMs: 60_000 },
  journalBytes: 1024 * 1024,
  journalIntervalMs: 1_000,
  bufferBytes: 256 * 1024,
};
