import { iotArn } from "../account.js";
import { alreadyExists, invalidRequest, invalidStateTransition, limitExceeded, notFound } from "../errors.js";
import {
  type Job,
  nextSequence,
  type PresignedUrlConfig,
  type TargetSelection,
  type Turn,
  type World,
} from "../world.js";
import { changeExecution, dropExecution } from "./executions.js";
import { checkTargetExists } from "./targets.js";

/** AWS General Reference, "AWS IoT Device Management endpoints and quotas": jobs in DELETION_IN_PROGRESS at once. */
const DELETIONS_MAX = 10;

export interface CreateJobInput {
  jobId: string;
  targets: string[];
  document: string;
  targetSelection: TargetSelection;
  description?: string | undefined;
  presignedUrlConfig?: PresignedUrlConfig | undefined;
  inProgressTimeoutInMinutes?: number | undefined;
  tags: Record<string, string>;
}

/**
 * Makes the job; its executions follow with later ticks, as AWS creates them some time after its answer.
 * @throws {AwsError} ResourceAlreadyExists, ResourceNotFound (a target), InvalidRequest
 */
export function createJob(turn: Turn, input: CreateJobInput): Readonly<Job> {
  const { world, nowMs } = turn;
  const { jobId } = input;
  if (world.jobs.has(jobId)) {
    throw alreadyExists(`Job ${jobId} already exists.`, jobId, iotArn(world.region, `job/${jobId}`));
  }
  for (const arn of input.targets) checkTargetExists(world, arn);
  const job: Job = {
    jobId,
    sequence: nextSequence(world),
    status: "IN_PROGRESS",
    targetSelection: input.targetSelection,
    targets: [...new Set(input.targets)],
    document: input.document,
    ...(input.description !== undefined && { description: input.description }),
    forceCanceled: false,
    ...(input.presignedUrlConfig !== undefined && { presignedUrlConfig: input.presignedUrlConfig }),
    ...(input.inProgressTimeoutInMinutes !== undefined && {
      inProgressTimeoutInMinutes: input.inProgressTimeoutInMinutes,
    }),
    tags: input.tags,
    createdAtMs: nowMs,
    lastUpdatedAtMs: nowMs,
    executions: new Map(),
    counts: {
      QUEUED: 0,
      IN_PROGRESS: 0,
      SUCCEEDED: 0,
      FAILED: 0,
      TIMED_OUT: 0,
      REJECTED: 0,
      REMOVED: 0,
      CANCELED: 0,
    },
    rollout: { targets: [...new Set(input.targets)], dueMs: nowMs },
  };
  world.jobs.set(jobId, job);
  world.rollouts.add(jobId);
  return job;
}

export interface UpdateJobInput {
  jobId: string;
  description?: string | undefined;
  presignedUrlConfig?: PresignedUrlConfig | undefined;
  /** Counts for executions that turn IN_PROGRESS later. */
  inProgressTimeoutInMinutes?: number | undefined;
}

/** @throws {AwsError} ResourceNotFound; InvalidRequest once the job has ended */
export function updateJob(turn: Turn, input: UpdateJobInput): void {
  const job = existingJob(turn.world, input.jobId);
  if (job.status !== "IN_PROGRESS")
    throw invalidRequest(`Job ${job.jobId} is ${job.status}, it cannot be updated`);
  if (input.description !== undefined) job.description = input.description;
  if (input.presignedUrlConfig !== undefined) job.presignedUrlConfig = input.presignedUrlConfig;
  if (input.inProgressTimeoutInMinutes !== undefined) {
    job.inProgressTimeoutInMinutes = input.inProgressTimeoutInMinutes;
  }
  job.lastUpdatedAtMs = turn.nowMs;
}

export interface CancelJobInput {
  jobId: string;
  /** Reach executions in progress too. */
  force: boolean;
  reasonCode?: string | undefined;
  comment?: string | undefined;
}

/** @throws {AwsError} ResourceNotFound; InvalidRequest once the job has ended */
export function cancelJob(turn: Turn, input: CancelJobInput): Readonly<Job> {
  const job = existingJob(turn.world, input.jobId);
  if (job.status !== "IN_PROGRESS")
    throw invalidRequest(`Job ${job.jobId} is ${job.status}, it cannot be canceled`);
  job.status = "CANCELED";
  job.forceCanceled = input.force;
  job.lastUpdatedAtMs = turn.nowMs;
  if (input.reasonCode !== undefined) job.reasonCode = input.reasonCode;
  if (input.comment !== undefined) job.comment = input.comment;
  stopRollout(turn.world, job);
  for (const executions of job.executions.values()) {
    const execution = executions.at(-1);
    if (execution?.status === "QUEUED") changeExecution(turn, job, execution, { status: "CANCELED" });
    if (execution?.status === "IN_PROGRESS" && input.force) {
      execution.forceCanceled = true;
      changeExecution(turn, job, execution, { status: "CANCELED" });
    }
  }
  return job;
}

/**
 * The job turns DELETION_IN_PROGRESS and is gone, with its executions, after the next tick.
 * @throws {AwsError} ResourceNotFound, LimitExceeded; InvalidStateTransition for a job that runs, unless forced
 */
export function deleteJob(turn: Turn, input: { jobId: string; force: boolean }): void {
  const { world } = turn;
  const job = existingJob(world, input.jobId);
  if (job.status === "DELETION_IN_PROGRESS") {
    throw invalidStateTransition(`Job ${job.jobId} is being deleted already`);
  }
  if (job.status === "IN_PROGRESS" && !input.force) {
    throw invalidStateTransition(`Job ${job.jobId} is ${job.status}: it can only be deleted with force`);
  }
  if (world.deletions.size >= DELETIONS_MAX) {
    throw limitExceeded(`${DELETIONS_MAX} jobs are being deleted already`);
  }
  job.status = "DELETION_IN_PROGRESS";
  job.lastUpdatedAtMs = turn.nowMs;
  stopRollout(world, job);
  world.deletions.add(job.jobId);
}

/** Takes the jobs in DELETION_IN_PROGRESS out of the world, and what was pending of them from their things. */
export function finishDeletions(turn: Turn): void {
  const { world } = turn;
  for (const jobId of world.deletions) {
    const job = existingJob(world, jobId);
    for (const execution of [...job.executions.values()].flat()) dropExecution(turn, job, execution);
    world.jobs.delete(jobId);
  }
  world.deletions.clear();
}

/** @throws {AwsError} ResourceNotFound */
export function existingJob(world: World, jobId: string): Job {
  const job = world.jobs.get(jobId);
  if (job === undefined) throw notFound(`Job ${jobId} does not exist.`);
  return job;
}

export function tagJob(turn: Turn, input: { jobId: string; tags: Record<string, string> }): void {
  const job = existingJob(turn.world, input.jobId);
  job.tags = { ...job.tags, ...input.tags };
}

export function untagJob(turn: Turn, input: { jobId: string; tagKeys: string[] }): void {
  const job = existingJob(turn.world, input.jobId);
  job.tags = Object.fromEntries(Object.entries(job.tags).filter(([key]) => !input.tagKeys.includes(key)));
}

function stopRollout(world: World, job: Job): void {
  delete job.rollout;
  world.rollouts.delete(job.jobId);
}
