import { isTerminal, JOB_EXECUTION_STATUSES, NEXT_JOB_ID } from "@fota/shared";
import type { Engine } from "../engine.js";
import { terminalState } from "../errors.js";
import { flag, type Members, requiredChoice, requiredText } from "../rest/fields.js";
import { visibleExecutions } from "./agenda.js";
import { type ExecutionWithDocument, findExecution, noExecution } from "./executions.js";
import {
  JOB_ID,
  readExecutionNumber,
  readExpectedVersion,
  readStatusDetails,
  readStepTimeout,
} from "./rules.js";

/**
 * What a device may ask, the same over MQTT and HTTP; each front puts the answer in its own form. Members that Jobs
 * does not know are ignored, as AWS ignores them: the first device SDK sends `thingName` in every body.
 */

/** @throws {AwsError} InvalidRequest */
export async function startNext(
  engine: Engine,
  thingName: string,
  members: Members,
): Promise<ExecutionWithDocument | undefined> {
  return engine.run("startNextExecution", {
    thingName,
    statusDetails: readStatusDetails(members),
    stepTimeoutInMinutes: readStepTimeout(members),
  });
}

export interface Described {
  /** `undefined`: `$next` was asked for, and nothing is pending. */
  found: ExecutionWithDocument | undefined;
  includeJobDocument: boolean;
}

/** @throws {AwsError} InvalidRequest, ResourceNotFound, TerminalState */
export function describe(engine: Engine, thingName: string, jobId: string, members: Members): Described {
  const { world } = engine;
  const executionNumber = readExecutionNumber(members);
  const includeJobDocument = flag(members, "includeJobDocument", true);
  const execution =
    jobId === NEXT_JOB_ID
      ? visibleExecutions(world, thingName)[0]
      : findExecution(world, { jobId: requiredText({ jobId }, "jobId", JOB_ID), thingName, executionNumber });
  if (execution === undefined && jobId === NEXT_JOB_ID) return { found: undefined, includeJobDocument };
  const job = execution && world.jobs.get(execution.jobId);
  if (execution === undefined || job === undefined) throw noExecution(jobId, thingName);
  if (isTerminal(execution.status)) {
    throw terminalState("Job Execution has reached terminal state. It is neither IN_PROGRESS nor QUEUED");
  }
  return { found: { execution, document: job.document }, includeJobDocument };
}

export interface Updated extends ExecutionWithDocument {
  includeJobExecutionState: boolean;
  includeJobDocument: boolean;
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
  return { ...updated, includeJobExecutionState, includeJobDocument };
}
