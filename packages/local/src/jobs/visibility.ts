import type { Execution, Job } from "./job.js";

/** Returns whether the device sees an execution of a job while that is QUEUED. */
export function isShown(job: Readonly<Job> | undefined, execution: Readonly<Execution>): boolean {
  return job !== undefined && showsQueued(job) !== isBeforeChange(job, execution);
}

/** Returns whether devices see the QUEUED executions of a job, apart from those that a `VisibilityChange` has not reached. */
export function showsQueued({ sweep, status }: Readonly<Job>): boolean {
  return sweep?.isVisible ?? status === "IN_PROGRESS";
}

/** Returns whether the opening or the closing of the job has not reached an execution. */
export function isBeforeChange(
  { visibilityChange: change }: Readonly<Job>,
  { sequence, visibilityChange }: Readonly<Execution>,
): boolean {
  return change !== undefined && sequence < change.id && visibilityChange !== change.id;
}
