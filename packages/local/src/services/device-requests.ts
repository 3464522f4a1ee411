import { isTerminal, JOB_EXECUTION_STATUSES, NEXT_JOB_ID } from "@fota/shared";
import type { Engine } from "../engine/engine.js";
import { terminalState } from "../errors.js";
import {
  type ExecutionWithDocument,
  executionNotFound,
  findExecution,
  withDocument,
} from "../jobs/executions.js";
import {
  JOB_ID,
  readExecutionNumber,
  readExpectedVersion,
  readStatusDetails,
  readStepTimeout,
} from "../jobs/fields.js";
import type { Execution } from "../jobs/job.js";
import { visibleExecutions } from "../jobs/pending-queue.js";
import { flag, type Members, requiredChoice, requiredText } from "../rest/fields.js";

/**
 * What a device may ask, the same over MQTT and HTTP; each front puts the answer in its own form. Members that Jobs
 * does not know are ignored, as AWS ignores them: the first device SDK sends `thingName` in every body.
 */

export interface ShownExecution {
  execution: Readonly<Execution>;
  /** JSON text, where it is wanted; with fresh URLs in place of placeholders. */
  document: string | undefined;
}

/** `undefined`: nothing is pending. @throws {AwsError} InvalidRequest */
export async function startNext(
  engine: Engine,
  thingName: string,
  members: Members,
): Promise<ShownExecution | undefined> {
  const started = await engine.run("startNextExecution", {
    thingName,
    statusDetails: readStatusDetails(members),
    stepTimeoutInMinutes: readStepTimeout(members),
  });
  return started && show(engine, started, true);
}

/** `undefined`: `$next` was asked for, and nothing is pending. @throws {AwsError} InvalidRequest, ResourceNotFound, TerminalState */
export function describe(
  engine: Engine,
  thingName: string,
  jobId: string,
  members: Members,
): ShownExecution | undefined {
  const { world } = engine;
  const executionNumber = readExecutionNumber(members);
  const includeJobDocument = flag(members, "includeJobDocument", true);
  const execution =
    jobId === NEXT_JOB_ID
      ? visibleExecutions(world, thingName)[0]
      : findExecution(world, { jobId: requiredText({ jobId }, "jobId", JOB_ID), thingName, executionNumber });
  if (execution === undefined && jobId === NEXT_JOB_ID) return undefined;
  const job = execution && world.jobs.get(execution.jobId);
  if (execution === undefined || job === undefined) throw executionNotFound(jobId, thingName);
  if (isTerminal(execution.status)) {
    throw terminalState("Job Execution has reached terminal state. It is neither IN_PROGRESS nor QUEUED");
  }
  return show(engine, withDocument(job, execution), includeJobDocument);
}

export interface Updated extends ShownExecution {
  includeJobExecutionState: boolean;
}

/** @throws {AwsError} InvalidRequest, ResourceNotFound, InvalidStateTransition, VersionConflict */
export async function update(
  engine: Engine,
  thingName: string,
  jobId: string,
  members: Members,
): Promise<Updated> {
  const includeJobExecutionState = flag(members, "includeJobExecutionState");
  const includeJobDocument = flag(members, "includeJobDocument");
  const updated = await engine.run("updateExecution", {
    thingName,
    jobId: requiredText({ jobId }, "jobId", JOB_ID),
    status: requiredChoice(members, "status", JOB_EXECUTION_STATUSES),
    statusDetails: readStatusDetails(members),
    expectedVersion: readExpectedVersion(members),
    executionNumber: readExecutionNumber(members),
    stepTimeoutInMinutes: readStepTimeout(members),
  });
  return { ...show(engine, updated, includeJobDocument), includeJobExecutionState };
}

function show(
  engine: Engine,
  { execution, unfilled }: ExecutionWithDocument,
  withDocument: boolean,
): ShownExecution {
  return { execution, document: withDocument ? engine.documentToSend(unfilled) : undefined };
}
