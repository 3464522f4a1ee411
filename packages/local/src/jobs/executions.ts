import { isTerminal, type JobExecutionStatus, type StatusDetails } from "@fota/shared";
import { invalidRequest, invalidStateTransition, notFound, versionConflict } from "../errors.js";
import { nextSequence } from "../registry/context.js";
import type { UnfilledDocument } from "./documents.js";
import { addExecution, forgetExecution, setExecutionStatus } from "./execution-lists.js";
import type { Execution, Job, Retries } from "./job.js";
import {
  addToPending,
  ensurePendingQueue,
  nextExecution,
  noteBefore,
  noteNew,
  removeFromPending,
} from "./pending-queue.js";
import { armTimer, deadlineOf, takeDueTimer } from "./timers.js";
import type { CommandContext, JobExecutionEvent, World } from "./world.js";

const MINUTE_MS = 60_000;

const TERMINAL_OPERATIONS: Readonly<Partial<Record<JobExecutionStatus, JobExecutionEvent["operation"]>>> = {
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  REJECTED: "rejected",
  TIMED_OUT: "timed_out",
  REMOVED: "removed",
  CANCELED: "canceled",
};
const NO_RETRIES: Retries = { FAILED: 0, TIMED_OUT: 0 };
/** What many executions have is one object, which nothing changes. */
const NO_DETAILS: StatusDetails = {};

/** Adds a QUEUED execution of `job` for a thing that has no pending one of it. */
export function queueExecution(
  context: CommandContext,
  job: Job,
  thingName: string,
  retries = NO_RETRIES,
): void {
  const { world, nowMs } = context;
  const queue = ensurePendingQueue(world, thingName);
  const earlier = job.executions.get(thingName) ?? [];
  const execution: Execution = {
    jobId: job.jobId,
    thingName,
    executionNumber: (earlier.at(-1)?.executionNumber ?? 0) + 1,
    sequence: nextSequence(world),
    status: "QUEUED",
    statusDetails: NO_DETAILS,
    versionNumber: 1,
    queuedAtMs: nowMs,
    lastUpdatedAtMs: nowMs,
    forceCanceled: false,
    retries,
  };
  noteNew(context, execution);
  addExecution(job, queue, execution);
  job.counts.QUEUED += 1;
  addToPending(world, queue, execution);
}

/** Returns the counts of a job that has no executions yet. */
export function noExecutions(): Job["counts"] {
  return {
    QUEUED: 0,
    IN_PROGRESS: 0,
    SUCCEEDED: 0,
    FAILED: 0,
    TIMED_OUT: 0,
    REJECTED: 0,
    REMOVED: 0,
    CANCELED: 0,
  };
}

interface Change {
  status: JobExecutionStatus;
  /** Replaces the whole map. */
  statusDetails?: StatusDetails | undefined;
  /** -1 drops the step timer. */
  stepTimeoutInMinutes?: number | undefined;
}

/**
 * Changes an execution, and with it the job's counts, the pending queue and the timers. All changes go through here.
 * `applyConsequences` does the rest.
 */
function changeExecution(context: CommandContext, job: Job, execution: Execution, change: Change): void {
  const { world, nowMs } = context;
  const isMoving = execution.status !== change.status;
  noteBefore(context, execution);
  if (isMoving) removeFromPending(world, execution);
  context.changedJobs.add(job.jobId);
  job.counts[execution.status] -= 1;
  job.counts[change.status] += 1;
  const started = execution.status === "QUEUED" && change.status === "IN_PROGRESS";
  setExecutionStatus(world, job, execution, change.status);
  execution.versionNumber += 1;
  execution.lastUpdatedAtMs = nowMs;
  if (change.statusDetails !== undefined) execution.statusDetails = change.statusDetails;
  if (started) {
    execution.startedAtMs = nowMs;
    const { inProgressTimeoutInMinutes } = job.config.timeoutConfig ?? {};
    if (inProgressTimeoutInMinutes !== undefined) {
      execution.inProgressEndsAtMs = nowMs + inProgressTimeoutInMinutes * MINUTE_MS;
    }
  }
  if (isTerminal(change.status)) {
    context.ended.push(execution);
    const operation = TERMINAL_OPERATIONS[change.status];
    if (operation !== undefined) context.events.push({ eventType: "JOB_EXECUTION", operation, execution });
    return;
  }
  setStepTimer(execution, nowMs, change.stepTimeoutInMinutes);
  armTimer(world, execution);
  if (isMoving) addToPending(world, ensurePendingQueue(world, execution.thingName), execution);
}

/** Times out the executions whose in-progress timer or step timer has expired. If those are many, ticks follow. */
export function expireExecutions(context: CommandContext): void {
  const { world, nowMs } = context;
  for (let left = context.sliceSize; left > 0; left -= 1) {
    const timer = takeDueTimer(world, nowMs);
    if (timer === undefined) return;
    const job = world.jobs.get(timer.jobId);
    const execution = job?.executions.get(timer.thingName)?.at(-1);
    if (job === undefined || execution?.sequence !== timer.executionSequence) continue;
    if (execution.timerAtMs !== timer.dueMs || execution.status !== "IN_PROGRESS") continue;
    delete execution.timerAtMs;
    const deadline = deadlineOf(execution);
    if (deadline !== undefined && deadline <= nowMs) {
      endExecution(context, job, execution, "TIMED_OUT");
    } else armTimer(world, execution);
  }
}

/** A copy of an execution, with the document of its job. */
export interface ExecutionWithDocument {
  execution: Readonly<Execution>;
  unfilled: UnfilledDocument;
}

/**
 * Runs a device's StartNextPendingJobExecution: sets the head of its queue to IN_PROGRESS. If that is in progress
 * already, returns it unchanged; this is how a device resumes after a restart. Returns `undefined` if nothing is pending.
 */
export function startNextExecution(
  context: CommandContext,
  input: {
    thingName: string;
    statusDetails?: StatusDetails | undefined;
    stepTimeoutInMinutes?: number | undefined;
  },
): ExecutionWithDocument | undefined {
  const { thingName, statusDetails, stepTimeoutInMinutes } = input;
  const execution = nextToStart(context, thingName);
  if (execution === undefined) return undefined;
  const job = requireJob(context.world, execution.jobId);
  if (execution.status === "QUEUED") {
    changeExecution(context, job, execution, { status: "IN_PROGRESS", statusDetails, stepTimeoutInMinutes });
  }
  return withDocument(job, execution);
}

/** Returns the head of the queue, after the executions before it that a cancellation or deletion has not reached yet. */
function nextToStart(context: CommandContext, thingName: string): Execution | undefined {
  for (;;) {
    const next = nextExecution(context.world, thingName);
    const job = next && requireJob(context.world, next.jobId);
    const execution = job?.executions.get(thingName)?.at(-1);
    if (job?.sweep === undefined || execution === undefined || !isSwept(job, execution)) return execution;
    sweepExecution(context, job, execution);
  }
}

export interface UpdateExecutionInput {
  thingName: string;
  jobId: string;
  status: JobExecutionStatus;
  statusDetails?: StatusDetails | undefined;
  expectedVersion?: number | undefined;
  executionNumber?: number | undefined;
  stepTimeoutInMinutes?: number | undefined;
}

const REPORTABLE: readonly JobExecutionStatus[] = ["IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED"];

/**
 * Runs a device's UpdateJobExecution. AWS does not document whether it checks the terminal state or the version first;
 * here the terminal state comes first.
 * @throws {AwsError} ResourceNotFound, InvalidRequest, InvalidStateTransition, VersionConflict
 */
export function updateExecution(context: CommandContext, input: UpdateExecutionInput): ExecutionWithDocument {
  const job = context.world.jobs.get(input.jobId);
  const execution = findExecution(context.world, input);
  if (job === undefined || execution === undefined) throw executionNotFound(input.jobId, input.thingName);
  if (!REPORTABLE.includes(input.status)) {
    throw invalidRequest(`Status ${input.status} cannot be set by a device`);
  }
  const status = statusAfterSweep(job, execution);
  if (status === undefined) throw executionNotFound(input.jobId, input.thingName);
  if (isTerminal(status)) {
    throw invalidStateTransition(
      `Transition from terminal state ${status} to ${input.status} is not allowed`,
    );
  }
  checkVersion(execution, input.expectedVersion);
  changeExecution(context, job, execution, input);
  return withDocument(job, execution);
}

export interface CancelExecutionInput {
  thingName: string;
  jobId: string;
  force: boolean;
  expectedVersion?: number | undefined;
  statusDetails?: StatusDetails | undefined;
}

/** @throws {AwsError} ResourceNotFound, InvalidStateTransition, VersionConflict */
export function cancelExecution(context: CommandContext, input: CancelExecutionInput): void {
  const job = context.world.jobs.get(input.jobId);
  const execution = findExecution(context.world, input);
  if (job === undefined || execution === undefined) throw executionNotFound(input.jobId, input.thingName);
  const status = statusAfterSweep(job, execution);
  if (status === undefined) throw executionNotFound(input.jobId, input.thingName);
  if (isTerminal(status)) {
    throw invalidStateTransition(`The job execution is ${status} and can no longer be canceled`);
  }
  if (execution.status === "IN_PROGRESS" && !input.force) {
    throw invalidStateTransition("The job execution is IN_PROGRESS and can only be canceled with force");
  }
  checkVersion(execution, input.expectedVersion);
  execution.forceCanceled = execution.status === "IN_PROGRESS";
  changeExecution(context, job, execution, { status: "CANCELED", statusDetails: input.statusDetails });
}

/** @throws {AwsError} ResourceNotFound, InvalidStateTransition */
export function deleteExecution(
  context: CommandContext,
  input: { thingName: string; jobId: string; executionNumber: number; force: boolean },
): void {
  const job = context.world.jobs.get(input.jobId);
  const execution = findExecution(context.world, input);
  if (job === undefined || execution === undefined) throw executionNotFound(input.jobId, input.thingName);
  if (statusAfterSweep(job, execution) === "IN_PROGRESS" && !input.force) {
    throw invalidStateTransition("The job execution is IN_PROGRESS and can only be deleted with force");
  }
  removeExecution(context, job, execution);
  context.events.push({ eventType: "JOB_EXECUTION", operation: "deleted", execution });
}

/** Removes an execution in any state. */
export function removeExecution(context: CommandContext, job: Job, execution: Execution): void {
  noteBefore(context, execution);
  context.changedJobs.add(job.jobId);
  if (!isTerminal(execution.status)) removeFromPending(context.world, execution);
  job.counts[execution.status] -= 1;
  forgetExecution(context.world, job, execution);
}

/** Returns whether the cancellation of its job cancels an execution. */
export function isCanceledWithJob({ forceCanceled }: Job, { status }: Execution): boolean {
  return status === "QUEUED" || (status === "IN_PROGRESS" && forceCanceled);
}

/** Returns whether a sweep of the job will end or remove an execution. */
function isSwept(job: Job, execution: Execution): boolean {
  if (job.sweep === undefined) return false;
  return job.status === "DELETION_IN_PROGRESS" || isCanceledWithJob(job, execution);
}

/** Returns the status that an execution has after the sweep of its job, if there is one; `undefined` if it is removed. */
function statusAfterSweep(job: Job, execution: Execution): JobExecutionStatus | undefined {
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

export function withDocument(job: Job, execution: Execution): ExecutionWithDocument {
  const { document, config } = job;
  return { execution: { ...execution }, unfilled: { document, config } };
}

/** Returns the execution with that number, or the latest one if no number is given. */
export function findExecution(
  world: World,
  which: { jobId: string; thingName: string; executionNumber?: number | undefined },
): Execution | undefined {
  const executions = world.jobs.get(which.jobId)?.executions.get(which.thingName);
  if (which.executionNumber === undefined) return executions?.at(-1);
  return executions?.find((execution) => execution.executionNumber === which.executionNumber);
}

export function executionNotFound(jobId: string, thingName: string) {
  return notFound(`No execution of job ${jobId} exists for thing ${thingName}`);
}

function requireJob(world: World, jobId: string): Job {
  const job = world.jobs.get(jobId);
  if (job === undefined) throw new Error(`a pending execution names job ${jobId}, which does not exist`);
  return job;
}

function checkVersion(execution: Execution, expected: number | undefined): void {
  if (expected === undefined || expected === execution.versionNumber) return;
  throw versionConflict(`Expected version ${expected} but found version ${execution.versionNumber}`);
}

function setStepTimer(execution: Execution, nowMs: number, minutes: number | undefined): void {
  if (minutes === undefined) return;
  if (minutes === -1) delete execution.stepEndsAtMs;
  else execution.stepEndsAtMs = nowMs + minutes * MINUTE_MS;
}
