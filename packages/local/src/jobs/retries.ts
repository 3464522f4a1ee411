import type { Execution, Job, Retries } from "./job.js";

/** Retries for one thing, over all criteria. Source: AWS IoT Developer Guide, "Job execution retry configuration". */
const RETRIES_MAX = 10;

/** Returns the retry counts for the next attempt of an ended execution; `undefined` if it is not retried. */
export function nextRetries(job: Pick<Job, "config">, ended: Readonly<Execution>): Retries | undefined {
  const { status, retries } = ended;
  if (status !== "FAILED" && status !== "TIMED_OUT") return undefined;
  const { criteriaList } = job.config.jobExecutionsRetryConfig ?? { criteriaList: [] };
  const criterion = criteriaList.find(({ failureType }) => failureType === status || failureType === "ALL");
  if (criterion === undefined || countRetries(ended) >= RETRIES_MAX) return undefined;
  const soFar = criterion.failureType === "ALL" ? countRetries(ended) : retries[status];
  return soFar < criterion.numberOfRetries ? { ...retries, [status]: retries[status] + 1 } : undefined;
}

/** Returns how many retries of the job a thing has had, up to this execution. */
export function countRetries({ retries }: Pick<Execution, "retries">): number {
  return retries.FAILED + retries.TIMED_OUT;
}
