import type { JobExecutionStatus } from "@fota/shared";
import { builtIndexOf, indexOf, valuesToRead } from "../listing/indexes.js";
import { keyKind } from "../listing/key-lists.js";
import { type InOrder, ListIndex } from "../listing/list-index.js";
import type { Execution, Job, PendingQueue } from "./job.js";
import { ensurePendingQueue } from "./pending-queue.js";
import type { World } from "./world.js";

/**
 * Lists of executions, for a job and for a thing. All executions are added and removed here, and all statuses are set
 * here, so that the lists follow.
 */

const byStatus = keyKind<Execution>(
  ({ status }) => [status],
  ({ status }, key) => status === key,
);

/** Returns the executions of a job, of one status or of all. */
export function executionsOfJob(
  { executions }: Readonly<Job>,
  status: JobExecutionStatus | undefined,
): InOrder<Execution> {
  return inStatus(
    indexOf(executions, () => flatten(valuesToRead(executions))),
    status,
  );
}

/** Returns the executions of a thing, of one job or of all jobs, and of one status or of all. */
export function executionsOfThing(
  world: World,
  thingName: string,
  { jobId, status }: { jobId?: string | undefined; status: JobExecutionStatus | undefined },
): InOrder<Execution> {
  const ofJob = (id: string) => world.jobs.get(id)?.executions.get(thingName) ?? [];
  if (jobId !== undefined) return inStatus(new ListIndex(ofJob(jobId)), status);
  const queue = world.agendas.get(thingName);
  if (queue === undefined) return new ListIndex([]);
  return inStatus(
    indexOf(queue, () => [...queue.jobs].flatMap(ofJob)),
    status,
  );
}

function inStatus(index: ListIndex<Execution>, status: JobExecutionStatus | undefined): InOrder<Execution> {
  return status === undefined ? index : index.withKey(byStatus, status);
}

/** Adds an execution to its job and to the jobs of its thing, which has the queue. */
export function addExecution(job: Job, queue: PendingQueue, execution: Execution): void {
  const { thingName, jobId } = execution;
  setExecutions(job, thingName, [...(job.executions.get(thingName) ?? []), execution]);
  queue.jobs.add(jobId);
  for (const index of builtIndexes(job, queue)) index.add(execution);
}

/** Removes an execution from its job, and from the jobs of its thing if it was the last one of the job there. */
export function forgetExecution(world: World, job: Job, execution: Execution): void {
  const { thingName, jobId } = execution;
  for (const index of builtIndexes(job, world.agendas.get(thingName))) index.delete(execution);
  const others = (job.executions.get(thingName) ?? []).filter((other) => other !== execution);
  setExecutions(job, thingName, others);
  if (others.length > 0) return;
  const queue = ensurePendingQueue(world, thingName);
  queue.jobs.delete(jobId);
  if (queue.jobs.size === 0) world.agendas.delete(thingName);
}

/** Sets the status of an execution. */
export function setExecutionStatus(
  world: World,
  job: Job,
  execution: Execution,
  status: JobExecutionStatus,
): void {
  const indexes = builtIndexes(job, world.agendas.get(execution.thingName));
  for (const index of indexes) index.removeKeys(execution);
  (execution as { status: JobExecutionStatus }).status = status;
  for (const index of indexes) index.addKeys(execution);
}

function setExecutions(job: Job, thingName: string, executions: Execution[]): void {
  const all = job.executions as Map<string, Execution[]>;
  if (executions.length > 0) all.set(thingName, executions);
  else all.delete(thingName);
}

function builtIndexes(job: Job, queue: PendingQueue | undefined): ListIndex<Execution>[] {
  const ofJob = builtIndexOf<Execution>(job.executions);
  const ofThing = queue && builtIndexOf<Execution>(queue);
  return [ofJob, ofThing].filter((index) => index !== undefined);
}

function flatten(lists: Iterable<readonly Execution[]>): Execution[] {
  const all: Execution[] = []; // in a loop, because a generator takes several times as long
  for (const executions of lists) for (const execution of executions) all.push(execution);
  return all;
}
