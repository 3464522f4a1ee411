import { isTerminal, type JobExecutionStatus, type StatusDetails } from "@fota/shared";
import { nextSequence } from "../registry/context.js";
import { countStep } from "../registry/steps.js";
import { addExecution, forgetExecution, setExecutionStatus } from "./execution-lists.js";
import type { Execution, Job, Retries } from "./job.js";
import { addToPending, ensurePendingQueue, noteBefore, noteNew, removeFromPending } from "./pending-queue.js";
import { armTimer } from "./timers.js";
import type { CommandContext, JobExecutionEvent } from "./world.js";

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
  countStep(context);
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
export function changeExecution(
  context: CommandContext,
  job: Job,
  execution: Execution,
  change: Change,
): void {
  const { world, nowMs } = context;
  const isMoving = execution.status !== change.status;
  countStep(context);
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

/** Removes an execution in any state. */
export function removeExecution(context: CommandContext, job: Job, execution: Execution): void {
  countStep(context);
  noteBefore(context, execution);
  context.changedJobs.add(job.jobId);
  if (!isTerminal(execution.status)) removeFromPending(context.world, execution);
  job.counts[execution.status] -= 1;
  forgetExecution(context.world, job, execution);
}

function setStepTimer(execution: Execution, nowMs: number, minutes: number | undefined): void {
  if (minutes === undefined) return;
  if (minutes === -1) delete execution.stepEndsAtMs;
  else execution.stepEndsAtMs = nowMs + minutes * MINUTE_MS;
}
