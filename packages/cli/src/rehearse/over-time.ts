import type { RehearsalRun, TimelinePoint } from "@fota/local";
import type { RehearsalResult } from "./result.js";

type OverTime = RehearsalResult["overTime"];

const STEPS = 60;
const PAST_THE_MIDDLE = 1.25;

/** What is drawn over time: how many executions exist, and how many of them ended well or not. */
const CURVES = {
  created: (counts: TimelinePoint["counts"]) => Object.values(counts).reduce((sum, count) => sum + count, 0),
  succeeded: (counts: TimelinePoint["counts"]) => counts.SUCCEEDED,
  failed: ({ FAILED, TIMED_OUT, REJECTED }: TimelinePoint["counts"]) => FAILED + TIMED_OUT + REJECTED,
} as const;

/**
 * Returns the executions over time in equal steps: the middle of the runs, and a band. Ends a little after half of the
 * runs have ended, because single devices that come online days later would squeeze everything else.
 */
export function overTimeOf(runs: readonly RehearsalRun[]): OverTime {
  const ends = runs.map(({ timeline }) => timeline.at(-1)?.afterMs ?? 0).sort((a, b) => a - b);
  const middle = ends[Math.ceil(ends.length / 2) - 1] ?? 0;
  const endMs = Math.min(ends.at(-1) ?? 0, middle * PAST_THE_MIDDLE);
  const steps = endMs === 0 ? 0 : STEPS;
  return Array.from({ length: steps + 1 }, (_, step) => {
    const afterMs = steps === 0 ? 0 : (endMs * step) / steps;
    const counts = runs.map(({ timeline }) => countsAt(timeline, afterMs));
    return {
      afterSeconds: Math.round(afterMs) / 1000,
      created: spreadOf(counts.map(CURVES.created)),
      succeeded: spreadOf(counts.map(CURVES.succeeded)),
      failed: spreadOf(counts.map(CURVES.failed)),
    };
  });
}

function countsAt(timeline: readonly TimelinePoint[], afterMs: number): TimelinePoint["counts"] {
  let [low, high] = [0, timeline.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((timeline[middle]?.afterMs ?? 0) <= afterMs) low = middle;
    else high = middle - 1;
  }
  return (timeline[low] as TimelinePoint).counts;
}

/** Returns nearest-rank percentiles. */
function spreadOf(values: readonly number[]): OverTime[number]["created"] {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (percent: number) => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
  return { p10: rank(10), p50: rank(50), p90: rank(90) };
}
