import type { Clock } from "./ports.js";

/** How often progress is reported to AWS IoT, which charges for each message. */
export interface ProgressPolicy {
  /** Least progress between two reports, in percent. */
  stepPercent: number;
  /** Least time between two reports. */
  minIntervalMs: number;
}

export const PROGRESS_POLICY: ProgressPolicy = { stepPercent: 10, minIntervalMs: 30_000 };

/**
 * Returns a function that tells whether a report is due. No report is due at the end: the next phase reports itself.
 */
export function progressFilter(
  clock: Pick<Clock, "monotonicMs">,
  policy: ProgressPolicy,
  startBytes: number,
  totalBytes: number,
): (bytes: number) => boolean {
  let lastPercent = percentOf(startBytes, totalBytes);
  let lastMs = clock.monotonicMs();
  return (bytes) => {
    const percent = percentOf(bytes, totalBytes);
    const nowMs = clock.monotonicMs();
    if (bytes >= totalBytes || percent - lastPercent < policy.stepPercent) return false;
    if (nowMs - lastMs < policy.minIntervalMs) return false;
    lastPercent = percent;
    lastMs = nowMs;
    return true;
  };
}

export function percentOf(bytes: number, totalBytes: number): number {
  return Math.floor((bytes * 100) / totalBytes);
}
