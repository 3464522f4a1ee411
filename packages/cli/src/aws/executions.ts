import {
  CancelJobExecutionCommand,
  DescribeJobExecutionCommand,
  type JobExecutionSummary,
  ListJobExecutionsForJobCommand,
  ListJobExecutionsForThingCommand,
} from "@aws-sdk/client-iot";
import {
  FotaError,
  isFotaError,
  type JobExecutionStatus,
  LIST_PAGE_MAX,
  type StatusDetails,
} from "@fota/shared";
import { absentIf, nameOf } from "./errors.js";
import type { Iot } from "./iot.js";
import { type JobDescription, throwJobNotFound } from "./jobs.js";
import { suggestFrom } from "./near-names.js";
import { pagesOf } from "./pages.js";
import { required } from "./required.js";
import { thingArn, thingNotFound } from "./things.js";

/** Holds one job execution: one job on one thing. */
export interface Execution {
  thing: string;
  status: JobExecutionStatus;
  /** Numbers the attempts of a job on one thing. */
  executionNumber: number;
  queuedAt: Date | undefined;
  startedAt: Date | undefined;
  lastUpdatedAt: Date | undefined;
}

/** Adds the fields that only DescribeJobExecution returns. */
export interface ExecutionDescription extends Execution {
  details: StatusDetails;
  forceCanceled: boolean;
  /** Counts every change; an update must name the current value. */
  versionNumber: number;
  /** Counts down to the execution's timeout; `undefined` when it has none or has ended. */
  secondsLeft: number | undefined;
}

/** Holds an execution as a thing's pending queue lists it. */
export interface ExecutionOfThing extends Omit<Execution, "thing"> {
  jobId: string;
}

/** Pages through the executions of a job, all or those with one status. @throws {FotaError} JOB_NOT_FOUND */
export async function* listExecutions(
  { client, call }: Iot,
  jobId: string,
  status?: JobExecutionStatus,
): AsyncGenerator<Execution> {
  const doing = `list the executions of job ${jobId}`;
  const pages = pagesOf((nextToken) => {
    const command = new ListJobExecutionsForJobCommand({
      jobId,
      status,
      maxResults: LIST_PAGE_MAX,
      nextToken,
    });
    return call({ doing, action: "iot:ListJobExecutionsForJob" }, (options) =>
      client.send(command, options).catch(throwJobNotFound(jobId)),
    );
  });
  for await (const { executionSummaries = [] } of pages) {
    for (const { thingArn, jobExecutionSummary: summary } of executionSummaries) {
      yield { thing: thingNameOf(required(thingArn, "thingArn")), ...execution(summary) };
    }
  }
}

/**
 * Pages through the executions of a thing: all or those with one status, of all jobs or of one.
 * @throws {FotaError} THING_NOT_FOUND
 */
export async function* listExecutionsOfThing(
  { client, call }: Iot,
  thingName: string,
  status?: JobExecutionStatus,
  jobId?: string,
): AsyncGenerator<ExecutionOfThing> {
  const doing = `list the jobs of ${thingName}`;
  const pages = pagesOf((nextToken) => {
    const command = new ListJobExecutionsForThingCommand({
      thingName,
      status,
      jobId,
      maxResults: LIST_PAGE_MAX,
      nextToken,
    });
    return call({ doing, action: "iot:ListJobExecutionsForThing" }, (options) =>
      client.send(command, options).catch(thingNotFound(thingName)),
    );
  });
  for await (const { executionSummaries = [] } of pages) {
    for (const { jobId, jobExecutionSummary: summary } of executionSummaries) {
      yield { jobId: required(jobId, "jobId"), ...execution(summary) };
    }
  }
}

/** Returns the ids of the jobs in a thing's pending queue: those in progress and those that are queued. */
export async function listPendingJobIds(iot: Iot, thingName: string): Promise<string[]> {
  const found: string[] = [];
  for (const status of ["IN_PROGRESS", "QUEUED"] as const) {
    for await (const { jobId } of listExecutionsOfThing(iot, thingName, status)) found.push(jobId);
  }
  return found;
}

/**
 * Returns one execution with its status details; `undefined` when the thing has none of this job. Reads the last
 * attempt if no number is given.
 */
export async function describeExecution(
  { client, call }: Iot,
  jobId: string,
  thing: string,
  executionNumber?: number,
): Promise<ExecutionDescription | undefined> {
  const doing = `read the execution of job ${jobId} on ${thing}`;
  return await call({ doing, action: "iot:DescribeJobExecution" }, async (options) => {
    const command = new DescribeJobExecutionCommand({ jobId, thingName: thing, executionNumber });
    const answer = await client.send(command, options).catch(absentIf("ResourceNotFoundException"));
    if (answer === undefined) return undefined;
    const found = answer.execution;
    return {
      thing,
      ...execution(found),
      details: found?.statusDetails?.detailsMap ?? {},
      forceCanceled: found?.forceCanceled ?? false,
      versionNumber: found?.versionNumber ?? 1,
      secondsLeft: found?.approximateSecondsBeforeTimedOut,
    };
  });
}

/**
 * Cancels one job on one thing; `force` is needed when the execution is in progress.
 * @throws {FotaError} THING_NOT_FOUND, EXECUTION_STATE
 */
export async function cancelExecution(
  { client, call }: Iot,
  jobId: string,
  thing: string,
  { force }: { force: boolean },
): Promise<void> {
  const command = new CancelJobExecutionCommand({ jobId, thingName: thing, force });
  const doing = `cancel job ${jobId} on ${thing}`;
  await call({ doing, action: "iot:CancelJobExecution" }, async (options) => {
    try {
      await client.send(command, options);
    } catch (error) {
      if (nameOf(error) === "ResourceNotFoundException") {
        throw noExecution(jobId, thing, error);
      }
      if (nameOf(error) !== "InvalidStateTransitionException") throw error;
      throw new FotaError(
        "EXECUTION_STATE",
        `job ${jobId} cannot be canceled on ${thing} in its current state`,
        {
          hint: {
            text: "run <command> to see it, or use --force to cancel it while it is in progress",
            command: ["status", jobId, "--thing", thing],
          },
          cause: error,
        },
      );
    }
  });
}

/**
 * Throws that the thing has no execution of the job. Suggests near names of things that have one, but not for a thing
 * that exists if the job may not have reached all of its targets.
 */
export async function throwNoExecution(
  iot: Iot,
  { jobId, status, targetArns }: Pick<JobDescription, "jobId" | "status" | "targetArns">,
  thing: string,
): Promise<never> {
  const error = noExecution(jobId, thing);
  const mayBeTarget = targetArns.some(
    (arn) => arn.includes(":thinggroup/") || arn.endsWith(`:thing/${thing}`),
  );
  if (status !== "COMPLETED" && mayBeTarget && (await isKnownThing(iot, thing))) {
    const why =
      status === "CANCELED"
        ? "the job may have been canceled before it reached the thing"
        : "the rollout of the job goes on, and may not have reached the thing yet";
    throw new FotaError(error.code, error.message, {
      hint: {
        text: `run <command> to see why and what to do: ${why}`,
        command: ["why", jobId, "--thing", thing],
      },
    });
  }
  async function* things() {
    for await (const execution of listExecutions(iot, jobId)) yield execution.thing;
  }
  return await suggestFrom("THING_NOT_FOUND", thing, things)(error);
}

/** Returns false also if AWS refuses to tell. */
async function isKnownThing(iot: Iot, thing: string): Promise<boolean> {
  try {
    await thingArn(iot, thing);
    return true;
  } catch (error) {
    if (!isFotaError(error) || error.code === "INTERRUPTED") throw error;
    return false;
  }
}

function noExecution(jobId: string, thing: string, cause?: unknown): FotaError {
  return new FotaError("THING_NOT_FOUND", `job ${jobId} has no execution on ${JSON.stringify(thing)}`, {
    hint: { text: "run <command> to list the things that have one", command: ["status", jobId, "--things"] },
    cause,
  });
}

/** Holds the fields that lists and descriptions share. */
type SdkExecution = Pick<
  JobExecutionSummary,
  "status" | "executionNumber" | "queuedAt" | "startedAt" | "lastUpdatedAt"
>;

function execution(found: SdkExecution | undefined): Omit<Execution, "thing"> {
  return {
    status: found?.status ?? "QUEUED",
    executionNumber: found?.executionNumber ?? 1,
    queuedAt: found?.queuedAt,
    startedAt: found?.startedAt,
    lastUpdatedAt: found?.lastUpdatedAt,
  };
}

function thingNameOf(arn: string): string {
  return arn.slice(arn.indexOf("/") + 1);
}
