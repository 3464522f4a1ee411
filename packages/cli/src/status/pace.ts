import type { ExecutionCounts, JobDescription } from "../aws/jobs.js";
import type { AbortRule } from "./result.js";

/** Says how many executions had ended some time ago, to compute a rate. */
export interface Sample {
  /** Measured with a clock that nobody sets. */
  agoMs: number;
  ended: number;
}

export interface Pace {
  ratePerMinute?: number;
  expectedEnd?: string;
}

/** Fewer executions are too few to predict the others. */
const ENDED_MIN = 5;
/** A shorter period is too short for a rate, even the whole time of a job. */
const PERIOD_MIN_MS = 60_000;
/** A later end would be a guess. */
const FORECAST_MAX_MS = 30 * 86_400_000;

/**
 * Computes how fast executions end, and when the last one will at that rate. For a canceled job, computes it up to the
 * cancellation, and canceled executions do not count. Predicts the end only if the job has all
 * of its executions and enough of them have ended.
 * @param samples counts of the last period, the oldest first; if they span less than a minute, the whole time of the
 * job counts
 */
export function paceOf(job: JobDescription, samples: readonly Sample[], nowMs: number): Pace {
  const isCanceled = job.status === "CANCELED";
  const ended = endedOf(isCanceled ? { ...job.counts, canceled: 0 } : job.counts);
  const [first] = isCanceled ? [] : samples;
  const period = first !== undefined && first.agoMs >= PERIOD_MIN_MS ? first : undefined;
  const sinceMs = period === undefined ? beginOf(job)?.getTime() : nowMs - period.agoMs;
  const end = job.completedAt ?? (isCanceled ? job.lastUpdatedAt : undefined);
  const untilMs = end?.getTime() ?? nowMs;
  const count = ended - (period?.ended ?? 0);
  if (sinceMs === undefined || untilMs - sinceMs < PERIOD_MIN_MS || count <= 0) return {};
  const perMs = count / (untilMs - sinceMs);
  const pace = { ratePerMinute: rounded(perMs * 60_000) };
  const left = job.counts.queued + job.counts.inProgress;
  const predictable = job.status === "IN_PROGRESS" && !job.continuous && job.pendingTargets === 0;
  const leftMs = left / perMs;
  if (!predictable || left === 0 || ended < ENDED_MIN || leftMs > FORECAST_MAX_MS) return pace;
  return { ...pace, expectedEnd: new Date(nowMs + leftMs).toISOString() };
}

/**
 * Computes the state of a job's abort rules. The percentage is of the ended executions, not of the targets. For a
 * canceled job, canceled executions do not count, so the result shows the rule as it was when it fired.
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

/** Returns when a scheduled job begins; AWS writes the time in UTC and without a zone. */
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

/** Rounds to two decimals, which is the precision of AWS's thresholds. */
function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
