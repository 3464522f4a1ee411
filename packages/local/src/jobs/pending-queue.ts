import { firstIn } from "../listing/sorted-list.js";
import { readFrom } from "../state/watched-map.js";
import type { Execution, PendingQueue } from "./job.js";
import { isShown } from "./visibility.js";
import type { CommandContext, QueueBefore, World } from "./world.js";

/** Returns the pending executions of a thing: first those in progress, then the queued ones, each by age. */
export function pendingExecutions(world: World, thingName: string): Execution[] {
  return [...executionsOf(world, thingName, world.agendas.get(thingName)?.pending ?? [])];
}

/** Yields those that are pending now, in the same order. They may be changed meanwhile. */
export function eachPendingExecution(world: World, thingName: string): Iterable<Execution> {
  return executionsOf(world, thingName, [...(world.agendas.get(thingName)?.pending ?? [])]);
}

/**
 * Yields the pending executions that the device can see, `$next` first. A queued execution is hidden while its job is
 * SCHEDULED between two maintenance windows, and when its job is being deleted.
 */
export function visibleExecutions(world: World, thingName: string): Iterable<Execution> {
  return visibleOf(world, thingName, world.agendas.get(thingName)?.pending ?? []);
}

/** Yields the visible executions of jobs with maintenance windows, in the same order. */
export function visibleWindowedExecutions(world: World, thingName: string): Iterable<Execution> {
  const queue = world.agendas.get(thingName);
  return visibleOf(world, thingName, queue === undefined ? [] : windowedJobs(world, queue));
}

/** Returns the execution that a device gets as `$next`, for reading only. */
export function nextExecution(world: World, thingName: string): Readonly<Execution> | undefined {
  for (const jobId of world.agendas.get(thingName)?.pending ?? []) {
    const execution = readExecution(world, jobId, thingName);
    if (execution !== undefined && isVisible(world, execution)) return execution;
  }
  return undefined;
}

function* visibleOf(world: World, thingName: string, jobIds: readonly string[]): Iterable<Execution> {
  for (const execution of executionsOf(world, thingName, jobIds)) {
    if (isVisible(world, execution)) yield execution;
  }
}

function* executionsOf(world: World, thingName: string, jobIds: readonly string[]): Iterable<Execution> {
  for (const jobId of jobIds) {
    const execution = currentExecution(world, jobId, thingName);
    if (execution !== undefined) yield execution;
  }
}

/** Returns whether the execution is pending, and the device can see it. */
export function isVisible(world: World, execution: Readonly<Execution>): boolean {
  const { jobId, thingName, status } = execution;
  if (readExecution(world, jobId, thingName) !== execution) return false;
  return status === "IN_PROGRESS" || (status === "QUEUED" && isShown(readFrom(world.jobs, jobId), execution));
}

/** Returns the last execution of a job on a thing; only this one can be pending. */
function currentExecution(world: World, jobId: string, thingName: string): Execution | undefined {
  return world.jobs.get(jobId)?.executions.get(thingName)?.at(-1);
}

/** The same, for reading only. */
function readExecution(world: World, jobId: string, thingName: string): Readonly<Execution> | undefined {
  const job = world.jobs.get(jobId);
  return job && readFrom(job.executions, thingName)?.at(-1);
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

/**
 * Notes what the device sees of an execution and of its queue. Call it before a change of the execution, or of the status
 * of its job, so that `collectNotices` can compare.
 */
export function noteBefore(context: CommandContext, execution: Readonly<Execution>): void {
  const { wasVisible } = ensureQueueBefore(context, execution.thingName);
  if (!wasVisible.has(execution)) wasVisible.set(execution, isVisible(context.world, execution));
}

/** The same for an execution that the command is about to add. */
export function noteNew(context: CommandContext, execution: Execution): void {
  ensureQueueBefore(context, execution.thingName).wasVisible.set(execution, false);
}

function ensureQueueBefore({ world, before }: CommandContext, thingName: string): QueueBefore {
  let noted = before.get(thingName);
  if (noted === undefined) {
    noted = { next: nextExecution(world, thingName)?.sequence, wasVisible: new Map() };
    before.set(thingName, noted);
  }
  return noted;
}

/** Adds a pending execution, which is the last one of its job, to its thing's queue. */
export function addToPending(world: World, queue: PendingQueue, execution: Execution): void {
  const { jobId } = execution;
  if (queue.pending.length === 0 && !windowedParts.has(queue)) {
    queue.pending = [jobId]; // an insertion into an empty array would make room for 17
    return;
  }
  for (const jobIds of arraysWith(world, queue, jobId)) {
    jobIds.splice(placeIn(world, jobIds, execution), 0, jobId);
  }
}

/** Removes a pending execution from its thing's queue. Call it before a change of the execution, which its place shows. */
export function removeFromPending(world: World, execution: Execution): void {
  const { jobId } = execution;
  const queue = ensurePendingQueue(world, execution.thingName);
  for (const jobIds of arraysWith(world, queue, jobId)) {
    const index = placeIn(world, jobIds, execution);
    if (jobIds[index] === jobId) jobIds.splice(index, 1);
  }
}

/** Returns where the execution is in a queue, or belongs. */
function placeIn(world: World, jobIds: readonly string[], execution: Execution): number {
  return firstIn(jobIds, (jobId) => {
    const other = readExecution(world, jobId, execution.thingName);
    return other !== undefined && comesFirst(other, execution);
  });
}

/** Orders by `queuedAt`; the sequence number gives the same order, also within one millisecond. */
function comesFirst(a: Readonly<Execution>, b: Readonly<Execution>): boolean {
  if (a.status !== b.status) return a.status === "IN_PROGRESS";
  return a.sequence < b.sequence;
}

/** Length from which the part of a queue that has maintenance windows is kept instead of looked for. */
const LONG_QUEUE = 32;

/** For long queues: the ids in `pending` of jobs with maintenance windows. Derived, so not in the state that is stored. */
const windowedParts = new WeakMap<PendingQueue, string[]>();

function windowedJobs(world: World, queue: PendingQueue): readonly string[] {
  const kept = windowedParts.get(queue);
  if (kept !== undefined) return kept;
  const found = queue.pending.filter((jobId) => hasWindows(world, jobId));
  if (queue.pending.length >= LONG_QUEUE) windowedParts.set(queue, found);
  return found;
}

/** Returns the arrays that have the job while it is pending. */
function arraysWith(world: World, queue: PendingQueue, jobId: string): string[][] {
  const windowed = windowedParts.get(queue);
  return windowed !== undefined && hasWindows(world, jobId) ? [queue.pending, windowed] : [queue.pending];
}

export function hasWindows(world: World, jobId: string): boolean {
  return world.jobs.get(jobId)?.schedulingConfig?.maintenanceWindows !== undefined;
}
