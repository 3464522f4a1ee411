import { isTerminal, type JobExecutionStatus, type StatusDetails } from "@fota/shared";
import { invalidRequest, invalidStateTransition, notFound, versionConflict } from "../errors.js";
import type { UnfilledDocument } from "./documents.js";
import { changeExecution, removeExecution } from "./execution-changes.js";
import type { Execution, Job } from "./job.js";
import { reachExecution } from "./job-status.js";
import { eachPendingExecution, isVisible } from "./pending-queue.js";
import { isSwept, statusAfterSweep, sweepExecution } from "./sweeps.js";
import type { CommandContext, World } from "./world.js";

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

/**
 * Returns the head of the queue, after what ticks have still to do to the executions before it: cancel, remove, show or
 * hide them.
 */
function nextToStart(context: CommandContext, thingName: string): Execution | undefined {
  const { world } = context;
  for (const execution of eachPendingExecution(world, thingName)) {
    const job = requireJob(world, execution.jobId);
    if (isSwept(job, execution)) {
      sweepExecution(context, job, execution);
      continue;
    }
    if (execution.status === "QUEUED") reachExecution(context, job, execution);
    if (isVisible(world, execution)) return execution;
  }
  return undefined;
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
