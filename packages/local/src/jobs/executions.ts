import { isTerminal, type JobExecutionStatus, type StatusDetails } from "@fota/shared";
import { invalidRequest, invalidStateTransition, notFound, versionConflict } from "../errors.js";
import { nextSequence } from "../registry/context.js";
import type { OrderedDocument } from "./documents.js";
import type { Execution, Job, Retries } from "./job.js";
import {
  leavePending,
  noteBefore,
  pendingQueueOf,
  placePending,
  visibleExecutions,
} from "./pending-queue.js";
import { armTimer, deadlineOf, takeDueTimer } from "./timers.js";
import type { CommandContext, JobExecutionEvent, World } from "./world.js";

const MINUTE_MS = 60_000;

const ENDS: Readonly<Partial<Record<JobExecutionStatus, JobExecutionEvent["operation"]>>> = {
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  REJECTED: "rejected",
  TIMED_OUT: "timed_out",
  REMOVED: "removed",
  CANCELED: "canceled",
};
const FIRST_TRY: Retries = { FAILED: 0, TIMED_OUT: 0 };

/** A new QUEUED execution of `job` on a thing that has none pending of it. */
export function queueExecution(turn: CommandContext, job: Job, thingName: string, retries = FIRST_TRY): void {
  const { world, nowMs } = turn;
  noteBefore(turn, thingName);
  const earlier = job.executions.get(thingName) ?? [];
  const execution: Execution = {
    jobId: job.jobId,
    thingName,
    executionNumber: (earlier.at(-1)?.executionNumber ?? 0) + 1,
    sequence: nextSequence(world),
    status: "QUEUED",
    statusDetails: {},
    versionNumber: 1,
    queuedAtMs: nowMs,
    lastUpdatedAtMs: nowMs,
    forceCanceled: false,
    retries: { ...retries },
  };
  job.executions.set(thingName, [...earlier, execution]);
  job.counts.QUEUED += 1;
  pendingQueueOf(world, thingName).jobs.add(job.jobId);
  placePending(world, execution);
}

export interface Change {
  status: JobExecutionStatus;
  /** Replaces the whole map. */
  statusDetails?: StatusDetails | undefined;
  /** -1 drops the step timer. */
  stepTimeoutInMinutes?: number | undefined;
}

/** The one way in which an execution changes: keeps counts, queue and timers in step; the rest is for `settle`. */
export function changeExecution(turn: CommandContext, job: Job, execution: Execution, change: Change): void {
  const { world, nowMs } = turn;
  noteBefore(turn, execution.thingName);
  turn.changedJobs.add(job.jobId);
  job.counts[execution.status] -= 1;
  job.counts[change.status] += 1;
  const started = execution.status === "QUEUED" && change.status === "IN_PROGRESS";
  execution.status = change.status;
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
    leavePending(world, execution);
    turn.ended.push(execution);
    const operation = ENDS[change.status];
    if (operation !== undefined) turn.events.push({ eventType: "JOB_EXECUTION", operation, execution });
    return;
  }
  setStepTimer(execution, nowMs, change.stepTimeoutInMinutes);
  armTimer(world, execution);
  placePending(world, execution);
}

/** Ends the executions whose in-progress or step timer has run out. */
export function timeOutExecutions(turn: CommandContext): void {
  const { world, nowMs } = turn;
  for (let timer = takeDueTimer(world, nowMs); timer !== undefined; timer = takeDueTimer(world, nowMs)) {
    const job = world.jobs.get(timer.jobId);
    const execution = job?.executions.get(timer.thingName)?.at(-1);
    if (job === undefined || execution?.sequence !== timer.executionSequence) continue;
    if (execution.timerAtMs !== timer.dueMs || execution.status !== "IN_PROGRESS") continue;
    delete execution.timerAtMs;
    const deadline = deadlineOf(execution);
    if (deadline !== undefined && deadline <= nowMs) {
      changeExecution(turn, job, execution, { status: "TIMED_OUT" });
    } else armTimer(world, execution);
  }
}

/** An execution with what its job orders, copied out of the world. */
export interface OrderedExecution {
  execution: Readonly<Execution>;
  ordered: OrderedDocument;
}

/**
 * The StartNextPendingJobExecution of a device: the head of its queue turns IN_PROGRESS. One that is in progress
 * already comes back as it is, which is how a device that has restarted resumes. `undefined`: nothing is pending.
 */
export function startNextExecution(
  turn: CommandContext,
  input: {
    thingName: string;
    statusDetails?: StatusDetails | undefined;
    stepTimeoutInMinutes?: number | undefined;
  },
): OrderedExecution | undefined {
  const { thingName, statusDetails, stepTimeoutInMinutes } = input;
  const execution = visibleExecutions(turn.world, thingName)[0];
  if (execution === undefined) return undefined;
  const job = jobOf(turn.world, execution.jobId);
  if (execution.status === "QUEUED") {
    changeExecution(turn, job, execution, { status: "IN_PROGRESS", statusDetails, stepTimeoutInMinutes });
  }
  return orderedExecution(job, execution);
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
 * The UpdateJobExecution of a device. Which of a terminal state and a stale version AWS looks at first is not
 * documented; here the terminal state wins.
 * @throws {AwsError} ResourceNotFound, InvalidRequest, InvalidStateTransition, VersionConflict
 */
export function updateExecution(turn: CommandContext, input: UpdateExecutionInput): OrderedExecution {
  const job = turn.world.jobs.get(input.jobId);
  const execution = findExecution(turn.world, input);
  if (job === undefined || execution === undefined) throw noExecution(input.jobId, input.thingName);
  if (!REPORTABLE.includes(input.status)) {
    throw invalidRequest(`Status ${input.status} cannot be set by a device`);
  }
  if (isTerminal(execution.status)) {
    throw invalidStateTransition(
      `Transition from terminal state ${execution.status} to ${input.status} is not allowed`,
    );
  }
  checkVersion(execution, input.expectedVersion);
  changeExecution(turn, job, execution, input);
  return orderedExecution(job, execution);
}

export interface CancelExecutionInput {
  thingName: string;
  jobId: string;
  force: boolean;
  expectedVersion?: number | undefined;
  statusDetails?: StatusDetails | undefined;
}

/** @throws {AwsError} ResourceNotFound, InvalidStateTransition, VersionConflict */
export function cancelExecution(turn: CommandContext, input: CancelExecutionInput): void {
  const job = turn.world.jobs.get(input.jobId);
  const execution = findExecution(turn.world, input);
  if (job === undefined || execution === undefined) throw noExecution(input.jobId, input.thingName);
  if (isTerminal(execution.status)) {
    throw invalidStateTransition(`The job execution has ended as ${execution.status}, it cannot be canceled`);
  }
  if (execution.status === "IN_PROGRESS" && !input.force) {
    throw invalidStateTransition("The job execution is IN_PROGRESS: it can only be canceled with force");
  }
  checkVersion(execution, input.expectedVersion);
  execution.forceCanceled = execution.status === "IN_PROGRESS";
  changeExecution(turn, job, execution, { status: "CANCELED", statusDetails: input.statusDetails });
}

/** @throws {AwsError} ResourceNotFound, InvalidStateTransition */
export function deleteExecution(
  turn: CommandContext,
  input: { thingName: string; jobId: string; executionNumber: number; force: boolean },
): void {
  const job = turn.world.jobs.get(input.jobId);
  const execution = findExecution(turn.world, input);
  if (job === undefined || execution === undefined) throw noExecution(input.jobId, input.thingName);
  if (execution.status === "IN_PROGRESS" && !input.force) {
    throw invalidStateTransition("The job execution is IN_PROGRESS: it can only be deleted with force");
  }
  dropExecution(turn, job, execution);
  turn.events.push({ eventType: "JOB_EXECUTION", operation: "deleted", execution });
}

/** Takes an execution out of the world, whatever its state. */
export function dropExecution(turn: CommandContext, job: Job, execution: Execution): void {
  const { thingName } = execution;
  noteBefore(turn, thingName);
  turn.changedJobs.add(job.jobId);
  if (!isTerminal(execution.status)) leavePending(turn.world, execution);
  job.counts[execution.status] -= 1;
  const others = (job.executions.get(thingName) ?? []).filter((other) => other !== execution);
  if (others.length > 0) {
    job.executions.set(thingName, others);
    return;
  }
  job.executions.delete(thingName);
  const agenda = pendingQueueOf(turn.world, thingName);
  agenda.jobs.delete(job.jobId);
  if (agenda.jobs.size === 0) turn.world.agendas.delete(thingName);
}

export function orderedExecution(job: Job, execution: Execution): OrderedExecution {
  const { document, config } = job;
  return { execution: { ...execution }, ordered: { document, config } };
}

/** The execution of that number, the last one where no number is given. */
export function findExecution(
  world: World,
  which: { jobId: string; thingName: string; executionNumber?: number | undefined },
): Execution | undefined {
  const executions = world.jobs.get(which.jobId)?.executions.get(which.thingName);
  if (which.executionNumber === undefined) return executions?.at(-1);
  return executions?.find((execution) => execution.executionNumber === which.executionNumber);
}

export function noExecution(jobId: string, thingName: string) {
  return notFound(`No execution of job ${jobId} exists for thing ${thingName}`);
}

function jobOf(world: World, jobId: string): Job {
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
