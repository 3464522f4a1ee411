import {
  CancelJobCommand,
  CreateJobCommand,
  type CreateJobRequest,
  DeleteJobCommand,
  DescribeJobCommand,
  GetJobDocumentCommand,
  type Job,
  ListJobsCommand,
} from "@aws-sdk/client-iot";
import { FotaError, type JobStatus, LIST_PAGE_MAX } from "@fota/shared";
import { nameOf } from "./errors.js";
import type { Iot } from "./iot.js";
import { pagesOf } from "./pages.js";
import { required } from "./required.js";

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

/** Where the executions of a status are counted. */
export const COUNT_KEYS = {
  QUEUED: "queued",
  IN_PROGRESS: "inProgress",
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  TIMED_OUT: "timedOut",
  REJECTED: "rejected",
  REMOVED: "removed",
  CANCELED: "canceled",
} as const;

export interface JobDescription extends JobSetup {
  jobId: string;
  jobArn: string;
  /** As the service spells it: other implementations of the API know words that AWS does not. */
  status: string;
  continuous: boolean;
  targetArns: string[];
  /** Targets that are still being rolled out to: their executions are not all there yet. */
  pendingTargets: number;
  counts: ExecutionCounts;
  description: string | undefined;
  createdAt: Date | undefined;
  lastUpdatedAt: Date | undefined;
  completedAt: Date | undefined;
  /** Why it was canceled, in AWS's capitals: who cancels may give one. */
  reasonCode: string | undefined;
  comment: string | undefined;
  forceCanceled: boolean;
  /** When the next maintenance windows begin. */
  nextWindows: Date[];
}

/** How a job goes about it, as CreateJob takes it. */
export type JobSetup = Pick<
  Job,
  | "presignedUrlConfig"
  | "jobExecutionsRolloutConfig"
  | "abortConfig"
  | "timeoutConfig"
  | "jobExecutionsRetryConfig"
  | "schedulingConfig"
>;

/** What a list says of a job; its counts are known to `describeJob` only. */
export interface ListedJob {
  jobId: string;
  jobArn: string;
  status: string;
  continuous: boolean;
  createdAt: Date | undefined;
  lastUpdatedAt: Date | undefined;
  completedAt: Date | undefined;
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
    const { job } = await client
      .send(new DescribeJobCommand({ jobId }), options)
      .catch(throwJobNotFound(jobId));
    const details = job?.jobProcessDetails;
    return {
      ...setupOf(job),
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
      description: job?.description,
      createdAt: job?.createdAt,
      lastUpdatedAt: job?.lastUpdatedAt,
      completedAt: job?.completedAt,
      reasonCode: job?.reasonCode,
      comment: job?.comment,
      forceCanceled: job?.forceCanceled ?? false,
      nextWindows: (job?.scheduledJobRollouts ?? []).flatMap(({ startTime }) => windowStart(startTime)),
    };
  });
}

/** The document as it was given: JSON text. @throws {FotaError} JOB_NOT_FOUND */
export async function getJobDocument({ client, call }: Iot, jobId: string): Promise<string> {
  return await call(
    { doing: `read the document of job ${jobId}`, action: "iot:GetJobDocument" },
    async (options) => {
      const { document } = await client
        .send(new GetJobDocumentCommand({ jobId }), options)
        .catch(throwJobNotFound(jobId));
      return required(document, "document");
    },
  );
}

/** Jobs, newest first as AWS lists them: those of one status, or those that a static group is the target of. */
export async function* listJobs(
  { client, call }: Iot,
  only: { status?: JobStatus; thingGroupName?: string; continuous?: boolean } = {},
): AsyncGenerator<ListedJob> {
  const { continuous, ...filter } = only;
  const targetSelection = continuous === undefined ? undefined : continuous ? "CONTINUOUS" : "SNAPSHOT";
  const pages = pagesOf((nextToken) => {
    const command = new ListJobsCommand({ ...filter, targetSelection, maxResults: LIST_PAGE_MAX, nextToken });
    return call({ doing: "list jobs", action: "iot:ListJobs" }, (options) => client.send(command, options));
  });
  for await (const { jobs = [] } of pages) {
    for (const job of jobs) {
      yield {
        jobId: required(job.jobId, "jobId"),
        jobArn: job.jobArn ?? "",
        status: job.status ?? "UNKNOWN",
        continuous: job.targetSelection === "CONTINUOUS",
        createdAt: job.createdAt,
        lastUpdatedAt: job.lastUpdatedAt,
        completedAt: job.completedAt,
      };
    }
  }
}

/**
 * Cancels what is queued; with `force` also what things are at. Canceling twice is no error to AWS, canceling a job
 * that is COMPLETED is.
 * @throws {FotaError} JOB_NOT_FOUND, JOB_ENDED
 */
export async function cancelJob(
  { client, call }: Iot,
  jobId: string,
  { force, reasonCode, comment }: { force: boolean; reasonCode?: string; comment?: string },
): Promise<void> {
  const command = new CancelJobCommand({ jobId, force, reasonCode, comment });
  await call({ doing: `cancel job ${jobId}`, action: "iot:CancelJob" }, (options) =>
    client.send(command, options).catch(throwJobNotFound(jobId)).catch(jobEnded(jobId)),
  );
}

/**
 * Begins to delete a job with its executions; `force` is needed while it has executions that have not ended.
 * @throws {FotaError} JOB_NOT_FOUND, JOB_NOT_ENDED
 */
export async function deleteJob(
  { client, call }: Iot,
  jobId: string,
  { force }: { force: boolean },
): Promise<void> {
  const command = new DeleteJobCommand({ jobId, force });
  await call({ doing: `delete job ${jobId}`, action: "iot:DeleteJob" }, async (options) => {
    try {
      await client.send(command, options).catch(throwJobNotFound(jobId));
    } catch (error) {
      if (nameOf(error) !== "InvalidStateTransitionException") throw error;
      throw new FotaError("JOB_NOT_ENDED", `job ${jobId} has not ended`, {
        hint: {
          text: "run <command> first, or use --force to stop the things in progress too",
          command: ["cancel", jobId],
        },
        cause: error,
      });
    }
  });
}

/** For whatever is asked of one job: AWS does not know it. */
export function throwJobNotFound(jobId: string): (error: unknown) => never {
  return (error) => {
    throw nameOf(error) === "ResourceNotFoundException" ? jobNotFound(jobId, error) : error;
  };
}

export function jobNotFound(jobId: string, cause?: unknown): FotaError {
  return new FotaError("JOB_NOT_FOUND", `there is no job ${JSON.stringify(jobId)}`, {
    hint: "check the job id, the region and the account (--region, --profile, --local)",
    cause,
  });
}

/** CancelJob lists no error for a state: a job that has ended comes as InvalidRequestException. */
function jobEnded(jobId: string): (error: unknown) => never {
  return (error) => {
    if (nameOf(error) !== "InvalidRequestException" && nameOf(error) !== "InvalidStateTransitionException") {
      throw error;
    }
    throw new FotaError("JOB_ENDED", `job ${jobId} has ended: there is nothing to cancel`, { cause: error });
  };
}

function setupOf(job: Job | undefined): JobSetup {
  return {
    presignedUrlConfig: job?.presignedUrlConfig,
    jobExecutionsRolloutConfig: job?.jobExecutionsRolloutConfig,
    abortConfig: job?.abortConfig,
    timeoutConfig: job?.timeoutConfig,
    jobExecutionsRetryConfig: job?.jobExecutionsRetryConfig,
    schedulingConfig: job?.schedulingConfig,
  };
}

/** AWS says a time of a schedule in UTC and without a zone. */
function windowStart(text: string | undefined): Date[] {
  const time = new Date(text === undefined || /Z$/.test(text) ? (text ?? "") : `${text}Z`);
  return Number.isNaN(time.getTime()) ? [] : [time];
}
