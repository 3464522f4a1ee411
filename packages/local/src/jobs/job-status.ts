import type { JobStatus } from "@fota/shared";
import { change, valuesToRead } from "../listing/indexes.js";
import { nextSequence } from "../registry/context.js";
import { countStep, type Steps, stepsLeft } from "../registry/steps.js";
import type { Execution, Job, Sweep } from "./job.js";
import { noteBefore } from "./pending-queue.js";
import { isBeforeChange } from "./visibility.js";
import type { CommandContext } from "./world.js";

/**
 * Sets a job's status. All status changes go through here, because they hide or show queued executions; for a large job,
 * ticks do that. With a sweep, what devices see stays until that reaches it.
 */
export function setJobStatus(context: CommandContext, job: Job, status: JobStatus, sweep?: Sweep): void {
  let { visibilityChange } = job;
  if (sweep === undefined) {
    const isLarge = job.counts.QUEUED > 0 && job.executions.size > stepsLeft(context);
    if (!isLarge) noteQueued(context, job);
    visibilityChange = isLarge
      ? { id: nextSequence(context.world), things: thingsLastFirst(job) }
      : undefined;
  }
  change(context.world.jobs, job, () => {
    job.status = status;
  });
  job.sweep = sweep;
  if (job.visibilityChange !== visibilityChange) job.visibilityChange = visibilityChange;
  job.lastUpdatedAtMs = context.nowMs;
}

function noteQueued(context: CommandContext, job: Job): void {
  if (job.counts.QUEUED === 0) return;
  for (const executions of valuesToRead(job.executions)) {
    const execution = executions.at(-1);
    if (execution?.status !== "QUEUED") continue;
    countStep(context);
    noteBefore(context, execution);
  }
}

/** Returns the things of a job, the one with the first execution last. */
export function thingsLastFirst({ executions }: Job): string[] {
  return [...executions.keys()].reverse();
}

/** Shows or hides the executions that the opening or the closing of a job has not reached. */
export function* visibilitySteps(context: CommandContext, job: Job): Steps {
  const { things = [] } = job.visibilityChange ?? {};
  for (let thing = things.pop(); thing !== undefined; thing = things.pop()) {
    const execution = job.executions.get(thing)?.at(-1);
    if (execution?.status === "QUEUED") reachExecution(context, job, execution);
    if (things.length > 0) yield;
  }
  job.visibilityChange = undefined;
}

/** Shows or hides an execution if the opening or the closing of its job has not reached it. Returns whether it did that. */
export function reachExecution(context: CommandContext, job: Job, execution: Execution): boolean {
  if (job.visibilityChange === undefined || !isBeforeChange(job, execution)) return false;
  noteBefore(context, execution);
  execution.visibilityChange = job.visibilityChange.id;
  return true;
}
