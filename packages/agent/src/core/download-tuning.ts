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
  /**
   * How often the slot may be erased for one job execution, including the first time. Survives a restart of the device.
   */
  erases: number;
  /** Bytes that may be fetched for one job execution, in multiples of the image. Survives a restart of the device. */
  fetchedTimes: number;
  backoff: BackoffPolicy;
  /** Least number of bytes between two journal saves. A power cut loses at most what came after the last save. */
  journalBytes: number;
  /** Least time between two journal saves. On a fast link, they would otherwise take more time than the image. */
  journalIntervalMs: number;
  /** Bytes of one write. A download uses two such buffers: one fills while the other is written. */
  bufferBytes: number;
}

export const DOWNLOAD_TUNING: DownloadTuning = {
  stallTimeoutMs: 30_000,
  // Below the rate of NB-IoT at the edge of its coverage, above a rate at which a download would take days.
  lowestRate: { bytesPerSecond: 256, windowMs: 300_000 },
  attempts: 8,
  freshUrls: 3,
  erases: 5,
  fetchedTimes: 4,
  backoff: { baseMs: 1_000, maxMs: 60_000 },
  journalBytes: 1024 * 1024,
  journalIntervalMs: 1_000,
  bufferBytes: 512 * 1024,
};
