import type { BackoffPolicy } from "./backoff.js";
import type { LowestRate } from "./pace.js";

export interface DownloadTuning {
  /** Without an answer or a further byte, the attempt is given up. */
  stallTimeoutMs: number;
  /** An attempt that is slower than this is given up, and its bytes do not start the count of attempts anew. */
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
  /** After so many bytes they are made durable, if `journalIntervalMs` have passed: a power cut loses no more. */
  journalBytes: number;
  /** What a fast link may lose at most, in time: it would otherwise spend more of it on the journal than on the image. */
  journalIntervalMs: number;
  /** Bytes of one write. Two such buffers are all the memory that the image takes: one fills while one is written. */
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
