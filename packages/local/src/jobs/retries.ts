import type { Execution, Job, Retries } from "./job.js";

/** AWS IoT Developer Guide, "Job execution retry configuration": for one thing, whatever the criteria say. */
const RETRIES_MAX = 10;

/** What a retry of an execution that has ended starts with; `undefined` where it is not retried. */
export function retriesAfter(job: Pick<Job, "config">, ended: Readonly<Execution>): Retries | undefined {
  const { status, retries } = ended;
  if (status !== "FAILED" && status !== "TIMED_OUT") return undefined;
  const { criteriaList } = job.config.jobExecutionsRetryConfig ?? { criteriaList: [] };
  const criterion = criteriaList.find(({ failureType }) => failureType === status || failureType === "ALL");
  if (criterion === undefined || retryAttempt(ended) >= RETRIES_MAX) return undefined;
  const soFar = criterion.failureType === "ALL" ? retryAttempt(ended) : retries[status];
  return soFar < criterion.numberOfRetries ? { ...retries, [status]: retries[status] + 1 } : undefined;
}

/** How often a thing has been given the job again, up to this execution. */
export function retryAttempt({ retries }: Pick<Execution, "retries">): number {
  return retries.FAILED + retries.TIMED_OUT;
}
