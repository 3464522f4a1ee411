import type { JobStatus } from "@fota/shared";
import type { Execution, Job, PendingQueue } from "./job.js";
import type { CommandContext, PendingView, World } from "./world.js";

/** The pending executions of a thing: those in progress, then the queued, each by age. */
export function pendingExecutions(world: World, thingName: string): Execution[] {
  const agenda = world.agendas.get(thingName);
  return (agenda?.pending ?? []).flatMap((jobId) => currentExecution(world, jobId, thingName) ?? []);
}

/**
 * Those of them that the thing is told of, `$next` first: what is queued of a job waits, unseen, while the job is
 * SCHEDULED between two maintenance windows, and is not handed out any more once it is being deleted.
 */
export function visibleExecutions(world: World, thingName: string): Execution[] {
  return pendingExecutions(world, thingName).filter(
    ({ status, jobId }) => status === "IN_PROGRESS" || world.jobs.get(jobId)?.status === "IN_PROGRESS",
  );
}

/** The last execution of a job on a thing: the only one that can be pending. */
function currentExecution(world: World, jobId: string, thingName: string): Execution | undefined {
  return world.jobs.get(jobId)?.executions.get(thingName)?.at(-1);
}

/** The executions of a thing, those of one job or of all, the job that came last first. */
export function executionsOfThing(world: World, thingName: string, jobId?: string): Execution[][] {
  const all = [...(world.agendas.get(thingName)?.jobs ?? [])].reverse();
  const jobIds = jobId === undefined ? all : [jobId];
  return jobIds.map((id) => world.jobs.get(id)?.executions.get(thingName) ?? []);
}

export function pendingQueueOf(world: World, thingName: string): PendingQueue {
  let agenda = world.agendas.get(thingName);
  if (agenda === undefined) {
    agenda = { pending: [], jobs: new Set() };
    world.agendas.set(thingName, agenda);
  }
  return agenda;
}

/** To be called before a change to what `thingName` sees of its queue, so that `noticesOf` can tell what changed. */
export function noteBefore(turn: CommandContext, thingName: string): void {
  if (!turn.before.has(thingName)) turn.before.set(thingName, pendingView(turn.world, thingName));
}

/** The way in which a job changes its status: whoever has something queued of it may see more or less of its queue. */
export function setJobStatus(turn: CommandContext, job: Job, status: JobStatus): void {
  for (const [thingName, executions] of job.executions) {
    if (executions.at(-1)?.status === "QUEUED") noteBefore(turn, thingName);
  }
  job.status = status;
  job.lastUpdatedAtMs = turn.nowMs;
}

export function pendingView(world: World, thingName: string): PendingView {
  return visibleExecutions(world, thingName).map((execution) => execution.sequence);
}

/** Puts a pending execution where it belongs in its thing's queue, also when it stood elsewhere before. */
export function placePending(world: World, execution: Execution): void {
  const { pending } = pendingQueueOf(world, execution.thingName);
  leavePending(world, execution);
  const index = pendingExecutions(world, execution.thingName).findIndex((other) =>
    goesBefore(execution, other),
  );
  pending.splice(index < 0 ? pending.length : index, 0, execution.jobId);
}

export function leavePending(world: World, execution: Execution): void {
  const { pending } = pendingQueueOf(world, execution.thingName);
  const index = pending.indexOf(execution.jobId);
  if (index >= 0) pending.splice(index, 1);
}

/** `queuedAt` decides; the sequence number is its order, also within one millisecond. */
function goesBefore(a: Execution, b: Execution): boolean {
  if (a.status !== b.status) return a.status === "IN_PROGRESS";
  return a.sequence < b.sequence;
}
