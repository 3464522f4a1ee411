import {
  CreateJobCommand,
  type CreateJobRequest,
  DescribeJobCommand,
  DescribeJobExecutionCommand,
  GetJobDocumentCommand,
  ListJobExecutionsForJobCommand,
  ListJobExecutionsForThingCommand,
  type JobExecutionStatus as SdkExecutionStatus,
} from "@aws-sdk/client-iot";
import { FotaError, type JobExecutionStatus, LIST_PAGE_MAX, type StatusDetails } from "@fota/shared";
import { nameOf } from "./errors.js";
import type { Iot } from "./iot.js";

/** Executions of a job by status. AWS counts executions: a thing that was retried counts more than once. */
export interface ExecutionCounts {
  queued: number;
  inProgress: number;
  succeeded: number;
  failed: number;
  timedOut: number;
  rejected: number;
  removed: number;
  canceled: number;
}

export interface JobDescription {
  jobId: string;
  jobArn: string;
  /** As the service spells it: other implementations of the API know words that AWS does not. */
  status: string;
  continuous: boolean;
  targetArns: string[];
  /** Targets that are still being rolled out to: their executions are not all there yet. */
  pendingTargets: number;
  counts: ExecutionCounts;
}

export interface Execution {
  thing: string;
  status: JobExecutionStatus;
  executionNumber: number;
  queuedAt: Date | undefined;
  startedAt: Date | undefined;
  lastUpdatedAt: Date | undefined;
}

/**
 * Creates a job. AWS refuses a job that presigns when the credentials in use may not pass the role on, and says no more
 * than that it was refused.
 * @throws {FotaError} JOB_EXISTS
 */
export async function createJob(
  { client, call }: Iot,
  request: CreateJobRequest,
): Promise<{ jobArn: string }> {
  const { jobId = "", presignedUrlConfig } = request;
  const passRole =
    presignedUrlConfig === undefined ? "" : `, and iam:PassRole on ${presignedUrlConfig.roleArn}`;
  const action = `iot:CreateJob on the job and its targets${passRole}`;
  return await call({ doing: `create job ${jobId}`, action }, async (options) => {
    try {
      const { jobArn = "" } = await client.send(new CreateJobCommand(request), options);
      return { jobArn };
    } catch (error) {
      if (nameOf(error) !== "ResourceAlreadyExistsException") throw error;
      throw new FotaError("JOB_EXISTS", `job ${jobId} exists already`, { cause: error });
    }
  });
}

/** @throws {FotaError} JOB_NOT_FOUND */
export async function describeJob({ client, call }: Iot, jobId: string): Promise<JobDescription> {
  return await call({ doing: `read job ${jobId}`, action: "iot:DescribeJob" }, async (options) => {
    const { job } = await client.send(new DescribeJobCommand({ jobId }), options).catch(jobNotFound(jobId));
    const details = job?.jobProcessDetails;
    return {
      jobId,
      jobArn: job?.jobArn ?? "",
      status: job?.status ?? "UNKNOWN",
      continuous: job?.targetSelection === "CONTINUOUS",
      targetArns: job?.targets ?? [],
      pendingTargets: details?.processingTargets?.length ?? 0,
      counts: {
        queued: details?.numberOfQueuedThings ?? 0,
        inProgress: details?.numberOfInProgressThings ?? 0,
        succeeded: details?.numberOfSucceededThings ?? 0,
        failed: details?.numberOfFailedThings ?? 0,
        timedOut: details?.numberOfTimedOutThings ?? 0,
        rejected: details?.numberOfRejectedThings ?? 0,
        removed: details?.numberOfRemovedThings ?? 0,
        canceled: details?.numberOfCanceledThings ?? 0,
      },
    };
  });
}

/** The document as it was given: JSON text. @throws {FotaError} JOB_NOT_FOUND */
export async function getJobDocument({ client, call }: Iot, jobId: string): Promise<string> {
  return await call(
    { doing: `read the document of job ${jobId}`, action: "iot:GetJobDocument" },
    async (options) => {
      const { document = "" } = await client
        .send(new GetJobDocumentCommand({ jobId }), options)
        .catch(jobNotFound(jobId));
      return document;
    },
  );
}

/** Pages through the executions of a job, all of them or those of one status. @throws {FotaError} JOB_NOT_FOUND */
export async function* listExecutions(
  iot: Iot,
  jobId: string,
  status?: SdkExecutionStatus,
): AsyncGenerator<Execution> {
  const { client, call } = iot;
  let nextToken: string | undefined;
  do {
    const command = new ListJobExecutionsForJobCommand({
      jobId,
      maxResults: LIST_PAGE_MAX,
      ...(status !== undefined && { status }),
      ...(nextToken !== undefined && { nextToken }),
    });
    const doing = `list the executions of job ${jobId}`;
    const page = await call({ doing, action: "iot:ListJobExecutionsForJob" }, (options) =>
      client.send(command, options).catch(jobNotFound(jobId)),
    );
    for (const { thingArn = "", jobExecutionSummary: summary } of page.executionSummaries ?? []) {
      yield {
        thing: thingNameOf(thingArn),
        status: summary?.status ?? "QUEUED",
        executionNumber: summary?.executionNumber ?? 1,
        queuedAt: summary?.queuedAt,
        startedAt: summary?.startedAt,
        lastUpdatedAt: summary?.lastUpdatedAt,
      };
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
}

/** Ids of the jobs that a thing has to carry out: those it is at, and those that wait. */
export async function listPendingJobIds({ client, call }: Iot, thingName: string): Promise<string[]> {
  const doing = `list the jobs of ${thingName}`;
  const found: string[] = [];
  for (const status of ["IN_PROGRESS", "QUEUED"] as const) {
    let nextToken: string | undefined;
    do {
      const command = new ListJobExecutionsForThingCommand({
        thingName,
        status,
        maxResults: LIST_PAGE_MAX,
        ...(nextToken !== undefined && { nextToken }),
      });
      const page = await call({ doing, action: "iot:ListJobExecutionsForThing" }, (options) =>
        client.send(command, options),
      );
      found.push(...(page.executionSummaries ?? []).flatMap(({ jobId }) => jobId ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
  }
  return found;
}

/** One execution with what the thing said of it; `undefined` when the thing has none of this job. */
export async function describeExecution(
  { client, call }: Iot,
  jobId: string,
  thing: string,
): Promise<{ execution: Execution; details: StatusDetails } | undefined> {
  const doing = `read the execution of job ${jobId} on ${thing}`;
  return await call({ doing, action: "iot:DescribeJobExecution" }, async (options) => {
    try {
      const { execution } = await client.send(
        new DescribeJobExecutionCommand({ jobId, thingName: thing }),
        options,
      );
      return {
        execution: {
          thing,
          status: execution?.status ?? "QUEUED",
          executionNumber: execution?.executionNumber ?? 1,
          queuedAt: execution?.queuedAt,
          startedAt: execution?.startedAt,
          lastUpdatedAt: execution?.lastUpdatedAt,
        },
        details: execution?.statusDetails?.detailsMap ?? {},
      };
    } catch (error) {
      if (nameOf(error) === "ResourceNotFoundException") return undefined;
      throw error;
    }
  });
}

function jobNotFound(jobId: string): (error: unknown) => never {
  return (error) => {
    if (nameOf(error) !== "ResourceNotFoundException") throw error;
    throw new FotaError("JOB_NOT_FOUND", `there is no job ${jobId}`, {
      hint: "check the job id, the region and the account (--region, --profile, --local)",
      cause: error,
    });
  };
}

function thingNameOf(arn: string): string {
  return arn.slice(arn.indexOf("/") + 1);
}
