import type { JobExecutionStatus } from "@fota/shared";
import { changeExecution, removeExecution } from "./execution-changes.js";
import type { Execution, Job } from "./job.js";
import type { CommandContext } from "./world.js";

/** Returns whether the cancellation of its job cancels an execution. */
export function isCanceledWithJob({ forceCanceled }: Job, { status }: Execution): boolean {
  return status === "QUEUED" || (status === "IN_PROGRESS" && forceCanceled);
}

/** Returns whether a sweep of the job will end or remove an execution. */
export function isSwept(job: Job, execution: Execution): boolean {
  if (job.sweep === undefined) return false;
  return job.status === "DELETION_IN_PROGRESS" || isCanceledWithJob(job, execution);
}

/** Returns the status that an execution has after the sweep of its job, if there is one; `undefined` if it is removed. */
export function statusAfterSweep(job: Job, execution: Execution): JobExecutionStatus | undefined {
  if (!isSwept(job, execution)) return execution.status;
  return job.status === "DELETION_IN_PROGRESS" ? undefined : "CANCELED";
}

/** Does to an execution what the cancellation or the deletion of its job does. */
export function sweepExecution(context: CommandContext, job: Job, execution: Execution): void {
  if (job.status === "DELETION_IN_PROGRESS") {
    removeExecution(context, job, execution);
    return;
  }
  execution.forceCanceled = execution.status === "IN_PROGRESS";
  changeExecution(context, job, execution, { status: "CANCELED" });
}

/**
 * Ends an execution that a timer has reached or that no target covers. If a cancellation or deletion of the job has still
 * to reach it, does what that does: devices are told that already.
 */
export function endExecution(
  context: CommandContext,
  job: Job,
  execution: Execution,
  status: "TIMED_OUT" | "REMOVED",
): void {
  if (isSwept(job, execution)) sweepExecution(context, job, execution);
  else changeExecution(context, job, execution, { status });
}
