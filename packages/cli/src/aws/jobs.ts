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

/**
 * Counts the executions of a job by status. AWS counts executions, so a thing that was retried counts more than once.
 */
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

/** Names the count of each status. */
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
  /** The status as the service spells it: other implementations of the API may have statuses that AWS does not. */
  status: string;
  continuous: boolean;
  targetArns: string[];
  /** Counts the targets that are still being rolled out to: some of their executions do not exist yet. */
  pendingTargets: number;
  counts: ExecutionCounts;
  description: string | undefined;
  createdAt: Date | undefined;
  lastUpdatedAt: Date | undefined;
  completedAt: Date | undefined;
  /** Says why the job was canceled, in AWS's capitals, if the caller of CancelJob gave a reason. */
  reasonCode: string | undefined;
  comment: string | undefined;
  forceCanceled: boolean;
  /** Lists when the next maintenance windows begin. */
  nextWindows: Date[];
  /** Lists the ARNs of the software package versions that the job installs. */
  packageArns: string[];
}

/** Holds the rollout, abort, timeout, retry and schedule settings of a job, as CreateJob takes them. */
export type JobSetup = Pick<
  Job,
  | "presignedUrlConfig"
  | "jobExecutionsRolloutConfig"
  | "abortConfig"
  | "timeoutConfig"
  | "jobExecutionsRetryConfig"
  | "schedulingConfig"
>;

/** Holds the fields of a job that a list returns; only `describeJob` returns its counts. */
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
 * Creates a job. AWS refuses a job that presigns when the credentials in use may not pass the role, and gives no
 * reason.
 * @throws {FotaError} JOB_EXISTS
 */
export async function createJob(
  { client, call }: Iot,
  request: CreateJobRequest,
): Promise<{ jobArn: string }> {
  const { jobId = "", presignedUrlConfig, destinationPackageVersions = [] } = request;
  const passRole =
    presignedUrlConfig === undefined ? "" : `, and iam:PassRole on ${presignedUrlConfig.roleArn}`;
  const packages = destinationPackageVersions.map((arn) => `, ${arn}`).join("");
  const action = `iot:CreateJob on the job and its targets${packages}${passRole}`;
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
      packageArns: job?.destinationPackageVersions ?? [],
      nextWindows: (job?.scheduledJobRollouts ?? []).flatMap(({ startTime }) => windowStart(startTime)),
    };
  });
}

/** Returns the document as it was given, as JSON text. @throws {FotaError} JOB_NOT_FOUND */
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

/** Lists jobs, newest first as AWS does: all, those with one status, or those that target a static group. */
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
 * Cancels queued executions; with `force` also those in progress. Canceling twice is no error in AWS, canceling a
 * COMPLETED job is.
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
 * Begins to delete a job with its executions; `force` is needed while some executions have not ended.
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

/** Returns a handler for `catch` that reports a job that AWS does not know. */
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

/** CancelJob has no error of its own for a job that has ended: AWS answers InvalidRequestException. */
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

/** Parses a time of a schedule, which AWS writes in UTC and without a zone. */
function windowStart(text: string | undefined): Date[] {
  const time = new Date(text === undefined || /Z$/.test(text) ? (text ?? "") : `${text}Z`);
  return Number.isNaN(time.getTime()) ? [] : [time];
}
