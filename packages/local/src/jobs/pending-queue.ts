import type { JobStatus } from "@fota/shared";
import type { Execution, Job, PendingQueue } from "./job.js";
import type { CommandContext, PendingView, World } from "./world.js";

/** Returns the pending executions of a thing: first those in progress, then the queued ones, each by age. */
export function pendingExecutions(world: World, thingName: string): Execution[] {
  const found: Execution[] = [];
  for (const jobId of world.agendas.get(thingName)?.pending ?? []) {
    const execution = currentExecution(world, jobId, thingName);
    if (execution !== undefined) found.push(execution);
  }
  return found;
}

/**
 * Returns the pending executions that the device can see, `$next` first. A queued execution is hidden while its job is
 * SCHEDULED between two maintenance windows, and when its job is being deleted.
 */
export function visibleExecutions(world: World, thingName: string): Execution[] {
  return pendingExecutions(world, thingName).filter(
    ({ status, jobId }) => status === "IN_PROGRESS" || world.jobs.get(jobId)?.status === "IN_PROGRESS",
  );
}

/** Returns the last execution of a job on a thing; only this one can be pending. */
function currentExecution(world: World, jobId: string, thingName: string): Execution | undefined {
  return world.jobs.get(jobId)?.executions.get(thingName)?.at(-1);
}

/** Returns the executions of a thing, of one job or of all jobs, the newest job first. */
export function executionsOfThing(world: World, thingName: string, jobId?: string): Execution[][] {
  const all = [...(world.agendas.get(thingName)?.jobs ?? [])].reverse();
  const jobIds = jobId === undefined ? all : [jobId];
  return jobIds.map((id) => world.jobs.get(id)?.executions.get(thingName) ?? []);
}

/** Returns the pending queue of a thing; creates an empty one if it has none. */
export function ensurePendingQueue(world: World, thingName: string): PendingQueue {
  let queue = world.agendas.get(thingName);
  if (queue === undefined) {
    queue = { pending: [], jobs: new Set() };
    world.agendas.set(thingName, queue);
  }
  return queue;
}

/** Notes what a thing sees of its queue. Call it before a change, so that `collectNotices` can compare. */
export function noteBefore(context: CommandContext, thingName: string): void {
  if (!context.before.has(thingName)) context.before.set(thingName, pendingView(context.world, thingName));
}

/** Sets a job's status. All status changes go through here, because they hide or show queued executions. */
export function setJobStatus(context: CommandContext, job: Job, status: JobStatus): void {
  for (const [thingName, executions] of job.executions) {
    if (executions.at(-1)?.status === "QUEUED") noteBefore(context, thingName);
  }
  job.status = status;
  job.lastUpdatedAtMs = context.nowMs;
}

export function pendingView(world: World, thingName: string): PendingView {
  return visibleExecutions(world, thingName).map((execution) => execution.sequence);
}

/** Moves a pending execution to its place in its thing's queue, or adds it there. */
export function placeInPending(world: World, execution: Execution): void {
  const { pending } = ensurePendingQueue(world, execution.thingName);
  removeFromPending(world, execution);
  if (pending.length === 0) {
    pending.push(execution.jobId);
    return;
  }
  const index = pendingExecutions(world, execution.thingName).findIndex((other) =>
    comesFirst(execution, other),
  );
  pending.splice(index < 0 ? pending.length : index, 0, execution.jobId);
}

export function removeFromPending(world: World, execution: Execution): void {
  const { pending } = ensurePendingQueue(world, execution.thingName);
  const index = pending.indexOf(execution.jobId);
  if (index >= 0) pending.splice(index, 1);
}

/** Orders by `queuedAt`; the sequence number gives the same order, also within one millisecond. */
function comesFirst(a: Execution, b: Execution): boolean {
  if (a.status !== b.status) return a.status === "IN_PROGRESS";
  return a.sequence < b.sequence;
}
