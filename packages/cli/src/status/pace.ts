import type { ExecutionCounts, JobDescription } from "../aws/jobs.js";
import type { AbortRule } from "./result.js";

/** How many executions had ended at a time: what a rate is worked out from. */
export interface Sample {
  atMs: number;
  ended: number;
}

export interface Pace {
  ratePerMinute?: number;
  expectedEnd?: string;
}

/** A rate of so few says nothing about those to come. */
const TELLING_COUNT = 5;
/** A stretch that is shorter says nothing either, also of the whole time. */
const TELLING_MS = 60_000;
/** Beyond that an end is no more than a guess. */
const FORESEEN_MS = 30 * 86_400_000;

/**
 * How fast executions end, and when the last one does if that stays so. The end is told only of a job that has all of
 * its executions, and of which enough have ended.
 * @param samples of the stretch to look at, the oldest first; without two that are a minute apart it is all the time
 */
export function paceOf(job: JobDescription, samples: readonly Sample[], nowMs: number): Pace {
  const ended = endedOf(job.counts);
  const [first] = samples;
  const stretch = first !== undefined && nowMs - first.atMs >= TELLING_MS ? first : undefined;
  const sinceMs = stretch?.atMs ?? beginOf(job)?.getTime();
  const untilMs = job.completedAt?.getTime() ?? nowMs;
  const count = ended - (stretch?.ended ?? 0);
  if (sinceMs === undefined || untilMs - sinceMs < TELLING_MS || count <= 0) return {};
  const perMs = count / (untilMs - sinceMs);
  const pace = { ratePerMinute: rounded(perMs * 60_000) };
  const left = job.counts.queued + job.counts.inProgress;
  const foreseen = job.status === "IN_PROGRESS" && !job.continuous && job.pendingTargets === 0;
  const leftMs = left / perMs;
  if (!foreseen || left === 0 || ended < TELLING_COUNT || leftMs > FORESEEN_MS) return pace;
  return { ...pace, expectedEnd: new Date(nowMs + leftMs).toISOString() };
}

/**
 * Where the abort rules of a job stand. The percentage is of what has ended, not of the targets; of a job that is
 * canceled, without what was canceled, so that the rule that did it is told as it stood then.
 */
export function abortRulesOf({ status, abortConfig, counts }: JobDescription): AbortRule[] {
  const ended = endedOf(status === "CANCELED" ? { ...counts, canceled: 0 } : counts);
  return (abortConfig?.criteriaList ?? []).map((criterion) => {
    const { failureType = "ALL", thresholdPercentage = 100, minNumberOfExecutedThings = 1 } = criterion;
    const failures = failuresOf(counts, failureType);
    const percent = ended === 0 ? null : (failures / ended) * 100;
    return {
      failureType,
      thresholdPercent: thresholdPercentage,
      minEnded: minNumberOfExecutedThings,
      failures,
      ended,
      percent: percent === null ? null : rounded(percent),
      met: ended >= minNumberOfExecutedThings && percent !== null && percent >= thresholdPercentage,
    };
  });
}

export function endedOf(counts: ExecutionCounts): number {
  return totalOf(counts) - counts.queued - counts.inProgress;
}

export function totalOf(counts: ExecutionCounts): number {
  return Object.values(counts).reduce((sum: number, count: number) => sum + count, 0);
}

/** When a scheduled job begins; AWS says it in UTC and without a zone. */
export function startOf({ schedulingConfig }: JobDescription): Date | undefined {
  const start = new Date(`${schedulingConfig?.startTime?.replace(" ", "T")}Z`);
  return Number.isNaN(start.getTime()) ? undefined : start;
}

function beginOf(job: JobDescription): Date | undefined {
  const start = startOf(job);
  return start !== undefined && job.createdAt !== undefined && start > job.createdAt ? start : job.createdAt;
}

function failuresOf({ failed, rejected, timedOut }: ExecutionCounts, failureType: string): number {
  if (failureType === "FAILED") return failed;
  if (failureType === "REJECTED") return rejected;
  return failureType === "TIMED_OUT" ? timedOut : failed + rejected + timedOut;
}

/** To two decimals: AWS takes no more in a threshold. */
function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
