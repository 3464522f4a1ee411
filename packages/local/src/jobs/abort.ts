import { isTerminal, JOB_EXECUTION_STATUSES } from "@fota/shared";
import type { AbortCriterion, Job } from "./job.js";

const ENDED = JOB_EXECUTION_STATUSES.filter(isTerminal);

/**
 * Returns the first abort criterion that the job meets. Percentages are relative to the executions that have ended, not
 * to the targets. Source: AWS IoT Developer Guide, "Job rollout and abort configuration".
 */
export function metAbortCriterion(job: Pick<Job, "config" | "counts">): AbortCriterion | undefined {
  const { criteriaList } = job.config.abortConfig ?? { criteriaList: [] };
  return criteriaList.find((criterion) => isMet(criterion, job.counts));
}

/** Returns whether the counts of a job meet a criterion. */
export function isMet(criterion: Omit<AbortCriterion, "action">, counts: Readonly<Job["counts"]>): boolean {
  const ended = ENDED.reduce((sum, status) => sum + counts[status], 0);
  if (ended < criterion.minNumberOfExecutedThings) return false;
  // Compares in hundredths of a percent, which are whole numbers.
  return failures(counts, criterion) * 10_000 >= Math.round(criterion.thresholdPercentage * 100) * ended;
}

function failures(
  counts: Readonly<Job["counts"]>,
  { failureType }: Pick<AbortCriterion, "failureType">,
): number {
  return failureType === "ALL" ? counts.FAILED + counts.REJECTED + counts.TIMED_OUT : counts[failureType];
}
