import { JOB_TARGETS_MAX } from "@fota/shared";
import { invalidRequest, invalidStateTransition, limitExceeded, notFound } from "../errors.js";
import { change } from "../listing/indexes.js";
import { doAllSteps } from "../registry/steps.js";
import { checkRole } from "./documents.js";
import type { Job, JobConfig } from "./job.js";
import { setJobStatus, thingsLastFirst } from "./job-status.js";
import { scheduleAt } from "./schedule.js";
import { cancellation, sweepIfLarge } from "./sweeps.js";
import { checkTargetExists } from "./targets.js";
import { setWake } from "./wakes.js";
import type { CommandContext, World } from "./world.js";

/**
 * Jobs in DELETION_IN_PROGRESS at once. Source: AWS General Reference, "AWS IoT Device Management endpoints and
 * quotas".
 */
const DELETIONS_MAX = 10;

export interface UpdateJobInput {
  jobId: string;
  description?: string | undefined;
  /** Each member replaces the current one. A timeout applies to executions that become IN_PROGRESS later. */
  config: JobConfig;
}

/** @throws {AwsError} ResourceNotFound; InvalidRequest for an ended job, and for a number of retries other than 0 */
export function updateJob(context: CommandContext, input: UpdateJobInput): void {
  const job = existingJob(context.world, input.jobId);
  if (!isOpen(job)) throw invalidRequest(`Job ${job.jobId} is ${job.status} and can no longer be updated`);
  const { criteriaList } = input.config.jobExecutionsRetryConfig ?? { criteriaList: [] };
  if (criteriaList.some(({ numberOfRetries }) => numberOfRetries > 0)) {
    throw invalidRequest("numberOfRetries of an existing job can only be set to 0");
  }
  const config = { ...job.config, ...input.config };
  checkRole(job.document, config);
  if (input.description !== undefined) job.description = input.description;
  job.config = config;
  job.lastUpdatedAtMs = context.nowMs;
}

export interface AssociateTargetsInput {
  jobId: string;
  targets: string[];
  comment?: string | undefined;
}

/** @throws {AwsError} ResourceNotFound, LimitExceeded; InvalidRequest unless the job is CONTINUOUS and IN_PROGRESS */
export function associateTargets(context: CommandContext, input: AssociateTargetsInput): Readonly<Job> {
  const { world } = context;
  const job = existingJob(world, input.jobId);
  if (job.targetSelection !== "CONTINUOUS" || job.status !== "IN_PROGRESS") {
    throw invalidRequest(
      `Job ${job.jobId} is ${job.targetSelection} and ${job.status}: targets can only be added to a CONTINUOUS job that is IN_PROGRESS`,
    );
  }
  for (const arn of input.targets) checkTargetExists(world, arn);
  const added = [...new Set(input.targets)].filter((arn) => !job.targets.includes(arn));
  if (job.targets.length + added.length > JOB_TARGETS_MAX) {
    throw limitExceeded(`Job ${job.jobId} would have more than ${JOB_TARGETS_MAX} targets`);
  }
  change(world.jobs, job, () => job.targets.push(...added));
  job.rollout ??= { targets: [], dueMs: context.nowMs };
  job.rollout.targets.push(...added);
  if (input.comment !== undefined) job.comment = input.comment;
  job.lastUpdatedAtMs = context.nowMs;
  scheduleWake(context, job);
  return job;
}

export interface CancelJobInput {
  jobId: string;
  /** Also cancel executions in progress. */
  force: boolean;
  reasonCode?: string | undefined;
  comment?: string | undefined;
}

/** @throws {AwsError} ResourceNotFound; InvalidRequest for an ended job */
export function cancelJob(context: CommandContext, input: CancelJobInput): Readonly<Job> {
  const job = existingJob(context.world, input.jobId);
  if (!isOpen(job)) throw invalidRequest(`Job ${job.jobId} is ${job.status} and can no longer be canceled`);
  cancelOpenJob(context, job, input);
  return job;
}

/**
 * Cancels an open job: for CancelJob, for an abort, and at the end of a schedule. Ticks cancel the executions of a large
 * job, as AWS also does it after the answer; devices cannot start or update those meanwhile.
 */
export function cancelOpenJob(
  context: CommandContext,
  job: Job,
  how: Pick<CancelJobInput, "force" | "reasonCode" | "comment">,
): void {
  context.events.push({ eventType: "JOB", operation: "cancellation_in_progress", job });
  setJobStatus(context, job, "CANCELED", sweepIfLarge(context, job));
  job.forceCanceled = how.force;
  if (how.reasonCode !== undefined) job.reasonCode = how.reasonCode;
  if (how.comment !== undefined) job.comment = how.comment;
  job.rollout = undefined;
  if (job.sweep === undefined) doAllSteps(context, cancellation(context, job, thingsLastFirst(job)));
  scheduleWake(context, job);
}

/**
 * Sets the job to DELETION_IN_PROGRESS. The next tick removes it with its executions; if those are many, the next ticks.
 * @throws {AwsError} ResourceNotFound, LimitExceeded; InvalidStateTransition for an open job without force
 */
export function deleteJob(context: CommandContext, input: { jobId: string; force: boolean }): void {
  const { world } = context;
  const job = existingJob(world, input.jobId);
  if (job.status === "DELETION_IN_PROGRESS") {
    throw invalidStateTransition(`Job ${job.jobId} is already being deleted`);
  }
  if (isOpen(job) && !input.force) {
    throw invalidStateTransition(`Job ${job.jobId} is ${job.status} and can only be deleted with force`);
  }
  if (world.deletions.size >= DELETIONS_MAX) {
    throw limitExceeded(`${DELETIONS_MAX} jobs are already being deleted`);
  }
  context.events.push({ eventType: "JOB", operation: "deletion_in_progress", job });
  setJobStatus(context, job, "DELETION_IN_PROGRESS", sweepIfLarge(context, job));
  job.rollout = undefined;
  scheduleWake(context, job);
  world.deletions.add(job.jobId);
}

/** @throws {AwsError} ResourceNotFound */
export function existingJob(world: World, jobId: string): Job {
  const job = world.jobs.get(jobId);
  if (job === undefined) throw notFound(`Job ${jobId} does not exist.`);
  return job;
}

/** Returns whether the job is in progress or scheduled. */
export function isOpen({ status }: Pick<Job, "status">): boolean {
  return status === "IN_PROGRESS" || status === "SCHEDULED";
}

/** Returns whether the job is canceled, but not all executions that this cancels. */
export function isCanceling({ status, sweep }: Pick<Job, "status" | "sweep">): boolean {
  return status === "CANCELED" && sweep !== undefined;
}

/**
 * Sets when the next tick must look at the job. Call it after every change of the job's status, rollout or schedule.
 */
export function scheduleWake({ world, nowMs }: CommandContext, job: Job): void {
  const rolloutMs = job.status === "IN_PROGRESS" ? job.rollout?.dueMs : undefined;
  const isChanging = isCanceling(job) || (isOpen(job) && job.visibilityChange !== undefined);
  const scheduleMs = isOpen(job) ? scheduleAt(job.schedulingConfig, nowMs).changesAtMs : undefined;
  const wakeAtMs =
    rolloutMs !== undefined && scheduleMs !== undefined
      ? Math.min(rolloutMs, scheduleMs)
      : (rolloutMs ?? scheduleMs);
  setWake(world, job, isChanging ? nowMs : wakeAtMs);
}
