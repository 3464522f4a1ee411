import type { Clock } from "./ports.js";

/** How often the cloud hears of progress: each report is a message that costs money at fleet scale. */
export interface ProgressPolicy {
  /** A report after so many percent at the earliest. */
  stepPercent: number;
  /** A report so long after the one before at the earliest. */
  minIntervalMs: number;
}

export const PROGRESS_POLICY: ProgressPolicy = { stepPercent: 10, minIntervalMs: 30_000 };

/** Says of each position whether it is due for a report. The end is none: the next phase reports itself. */
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
