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
import { nextExecution } from "../jobs/pending-queue.js";
import { type Members, optionalBoolean, requiredChoice, requiredString } from "../rest/fields.js";

/**
 * The requests of devices, the same over MQTT and HTTP; each protocol formats the answers itself. Like AWS, they ignore
 * unknown members: the first device SDK sends `thingName` in every body.
 */

/** The answer to a device: an execution, and its document if requested. */
export interface ExecutionAnswer {
  execution: Readonly<Execution>;
  /** JSON text with URLs in place of the placeholders; `undefined` if the device does not request it. */
  document: string | undefined;
}

/** Starts the next pending execution; returns `undefined` if nothing is pending. @throws {AwsError} InvalidRequest */
export async function startNext(
  engine: Engine,
  thingName: string,
  members: Members,
): Promise<ExecutionAnswer | undefined> {
  const started = await engine.run("startNextExecution", {
    thingName,
    statusDetails: readStatusDetails(members),
    stepTimeoutInMinutes: readStepTimeout(members),
  });
  return started && toAnswer(engine, started, true);
}

/**
 * Describes an execution. Returns `undefined` if `$next` is requested and nothing is pending.
 *
 * @throws {AwsError} InvalidRequest, ResourceNotFound, TerminalState
 */
export function describe(
  engine: Engine,
  thingName: string,
  jobId: string,
  members: Members,
): ExecutionAnswer | undefined {
  const { world } = engine;
  const executionNumber = readExecutionNumber(members);
  const includeJobDocument = optionalBoolean(members, "includeJobDocument", true);
  const execution =
    jobId === NEXT_JOB_ID
      ? nextExecution(world, thingName)
      : findExecution(world, {
          jobId: requiredString({ jobId }, "jobId", JOB_ID),
          thingName,
          executionNumber,
        });
  if (execution === undefined && jobId === NEXT_JOB_ID) return undefined;
  const job = execution && world.jobs.get(execution.jobId);
  if (execution === undefined || job === undefined) throw executionNotFound(jobId, thingName);
  if (isTerminal(execution.status)) {
    throw terminalState("Job Execution has reached terminal state. It is neither IN_PROGRESS nor QUEUED");
  }
  return toAnswer(engine, withDocument(job, execution), includeJobDocument);
}

export interface Updated extends ExecutionAnswer {
  includeJobExecutionState: boolean;
}

/**
 * Updates an execution.
 *
 * @throws {AwsError} InvalidRequest, ResourceNotFound, InvalidStateTransition, VersionConflict
 */
export async function update(
  engine: Engine,
  thingName: string,
  jobId: string,
  members: Members,
): Promise<Updated> {
  const includeJobExecutionState = optionalBoolean(members, "includeJobExecutionState");
  const includeJobDocument = optionalBoolean(members, "includeJobDocument");
  const updated = await engine.run("updateExecution", {
    thingName,
    jobId: requiredString({ jobId }, "jobId", JOB_ID),
    status: requiredChoice(members, "status", JOB_EXECUTION_STATUSES),
    statusDetails: readStatusDetails(members),
    expectedVersion: readExpectedVersion(members),
    executionNumber: readExecutionNumber(members),
    stepTimeoutInMinutes: readStepTimeout(members),
  });
  return { includeJobExecutionState, ...toAnswer(engine, updated, includeJobDocument) };
}

function toAnswer(
  engine: Engine,
  { execution, unfilled }: ExecutionWithDocument,
  includeDocument: boolean,
): ExecutionAnswer {
  return { execution, document: includeDocument ? engine.documentToSend(unfilled) : undefined };
}
