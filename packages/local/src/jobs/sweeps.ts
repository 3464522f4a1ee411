import type { JobExecutionStatus } from "@fota/shared";
import { remove } from "../listing/indexes.js";
import { type Steps, stepsLeft } from "../registry/steps.js";
import { changeExecution, removeExecution } from "./execution-changes.js";
import type { Execution, Job, Sweep } from "./job.js";
import { thingsLastFirst } from "./job-status.js";
import { showsQueued } from "./visibility.js";
import type { CommandContext } from "./world.js";

/** Returns whether the cancellation of its job cancels an execution. */
function isCanceledWithJob({ forceCanceled }: Job, { status }: Execution): boolean {
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

/** Returns what ticks have to do, if the job has more executions than the command may still change. */
export function sweepIfLarge(context: CommandContext, job: Job): Sweep | undefined {
  if (job.executions.size <= stepsLeft(context)) return undefined;
  return { things: thingsLastFirst(job), isVisible: showsQueued(job) };
}

/** Cancels the executions of a canceled job on `things`, the last first. */
export function* cancellation(context: CommandContext, job: Job, things: string[]): Steps {
  for (let thing = things.pop(); thing !== undefined; thing = things.pop()) {
    const execution = job.executions.get(thing)?.at(-1);
    if (execution !== undefined && isCanceledWithJob(job, execution)) sweepExecution(context, job, execution);
    if (things.length > 0) yield;
  }
  job.sweep = undefined;
  job.visibilityChange = undefined;
  context.events.push({ eventType: "JOB", operation: "canceled", job });
}

/** Removes the executions of a job in DELETION_IN_PROGRESS, and then the job. */
export function* deletion(context: CommandContext, job: Job): Steps {
  const things = job.sweep?.things ?? thingsLastFirst(job);
  for (let thing = things.pop(); thing !== undefined; thing = things.pop()) {
    for (const execution of job.executions.get(thing) ?? []) removeExecution(context, job, execution);
    if (things.length > 0) yield;
  }
  remove(context.world.jobs, job.jobId);
  context.world.deletions.delete(job.jobId);
  context.events.push({ eventType: "JOB", operation: "deleted", job });
}
