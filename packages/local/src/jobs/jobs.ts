import { JOB_TARGETS_MAX } from "@fota/shared";
import { iotArn } from "../account.js";
import { alreadyExists, invalidRequest, invalidStateTransition, limitExceeded, notFound } from "../errors.js";
import { nextSequence } from "../registry/context.js";
import { checkDocument, checkRole } from "./documents.js";
import { changeExecution, dropExecution } from "./executions.js";
import type { Job, JobConfig, SchedulingConfig, TargetSelection } from "./job.js";
import { setJobStatus } from "./pending-queue.js";
import { checkSchedule, scheduleAt } from "./schedule.js";
import { checkTargetExists } from "./targets.js";
import { onlyManaged, templateDefaults } from "./templates.js";
import type { CommandContext, World } from "./world.js";

/** AWS General Reference, "AWS IoT Device Management endpoints and quotas": jobs in DELETION_IN_PROGRESS at once. */
const DELETIONS_MAX = 10;

export interface CreateJobInput {
  jobId: string;
  targets: string[];
  /** May be absent where there is a template. */
  document?: string | undefined;
  documentSource?: string | undefined;
  targetSelection: TargetSelection;
  description?: string | undefined;
  config: JobConfig;
  schedulingConfig?: SchedulingConfig | undefined;
  jobTemplateArn?: string | undefined;
  /** For a template that AWS manages. */
  documentParameters?: Record<string, string> | undefined;
  tags: Record<string, string>;
}

/**
 * Makes the job; its executions follow with later ticks, as AWS creates them some time after its answer.
 * @throws {AwsError} ResourceAlreadyExists, ResourceNotFound (a target), InvalidRequest
 */
export function createJob(turn: CommandContext, input: CreateJobInput): Readonly<Job> {
  const { world, nowMs } = turn;
  const { jobId } = input;
  if (world.jobs.has(jobId)) {
    throw alreadyExists(`Job ${jobId} already exists.`, jobId, iotArn(world.region, `job/${jobId}`));
  }
  for (const arn of input.targets) checkTargetExists(world, arn);
  const { targetSelection, jobTemplateArn } = input;
  const { document, documentSource, description, config, schedulingConfig } = withTemplate(world, input);
  checkDocument(document);
  checkRole(document, config);
  if (schedulingConfig !== undefined) checkSchedule(schedulingConfig, targetSelection, nowMs);
  const job: Job = {
    jobId,
    sequence: nextSequence(world),
    status: scheduleAt(schedulingConfig, nowMs).open ? "IN_PROGRESS" : "SCHEDULED",
    targetSelection,
    targets: [...new Set(input.targets)],
    document,
    ...(documentSource !== undefined && { documentSource }),
    ...(description !== undefined && { description }),
    forceCanceled: false,
    config,
    ...(schedulingConfig !== undefined && { schedulingConfig }),
    ...(jobTemplateArn !== undefined && { jobTemplateArn }),
    ...(input.documentParameters !== undefined && { documentParameters: input.documentParameters }),
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
    pace: { notified: 0 },
  };
  world.jobs.set(jobId, job);
  setAlarm(turn, job);
  return job;
}

/** What is asked for, over what the template has. @throws {AwsError} ResourceNotFound, InvalidRequest */
function withTemplate(world: World, input: CreateJobInput) {
  const { jobTemplateArn, documentParameters } = input;
  if (jobTemplateArn === undefined && documentParameters !== undefined) throw onlyManaged();
  const template =
    jobTemplateArn === undefined ? undefined : templateDefaults(world, jobTemplateArn, documentParameters);
  const document = input.document ?? template?.document;
  if (document === undefined) throw invalidRequest("Either document or documentSource must be given");
  const windows = template?.maintenanceWindows;
  return {
    document,
    documentSource: input.document === undefined ? template?.documentSource : input.documentSource,
    description: input.description ?? template?.description,
    config: { ...template?.config, ...input.config },
    schedulingConfig: windows
      ? { maintenanceWindows: windows, ...input.schedulingConfig }
      : input.schedulingConfig,
  };
}

export interface UpdateJobInput {
  jobId: string;
  description?: string | undefined;
  /** Each member replaces the one there is. A timeout counts for executions that turn IN_PROGRESS later. */
  config: JobConfig;
}

/** @throws {AwsError} ResourceNotFound; InvalidRequest once the job has ended, and for retries other than none */
export function updateJob(turn: CommandContext, input: UpdateJobInput): void {
  const job = existingJob(turn.world, input.jobId);
  if (!isOpen(job)) throw invalidRequest(`Job ${job.jobId} is ${job.status}, it cannot be updated`);
  const { criteriaList } = input.config.jobExecutionsRetryConfig ?? { criteriaList: [] };
  if (criteriaList.some(({ numberOfRetries }) => numberOfRetries > 0)) {
    throw invalidRequest("numberOfRetries of a job that exists can only be set to 0");
  }
  const config = { ...job.config, ...input.config };
  checkRole(job.document, config);
  if (input.description !== undefined) job.description = input.description;
  job.config = config;
  job.lastUpdatedAtMs = turn.nowMs;
}

export interface AssociateTargetsInput {
  jobId: string;
  targets: string[];
  comment?: string | undefined;
}

/** @throws {AwsError} ResourceNotFound, LimitExceeded; InvalidRequest unless the job is CONTINUOUS and IN_PROGRESS */
export function associateTargets(turn: CommandContext, input: AssociateTargetsInput): Readonly<Job> {
  const job = existingJob(turn.world, input.jobId);
  if (job.targetSelection !== "CONTINUOUS" || job.status !== "IN_PROGRESS") {
    throw invalidRequest(
      `Job ${job.jobId} is ${job.targetSelection} and ${job.status}: only a CONTINUOUS job that is IN_PROGRESS takes more targets`,
    );
  }
  for (const arn of input.targets) checkTargetExists(turn.world, arn);
  const added = [...new Set(input.targets)].filter((arn) => !job.targets.includes(arn));
  if (job.targets.length + added.length > JOB_TARGETS_MAX) {
    throw limitExceeded(`Job ${job.jobId} would have more than ${JOB_TARGETS_MAX} targets`);
  }
  job.targets.push(...added);
  job.rollout ??= { targets: [], dueMs: turn.nowMs };
  job.rollout.targets.push(...added);
  if (input.comment !== undefined) job.comment = input.comment;
  job.lastUpdatedAtMs = turn.nowMs;
  setAlarm(turn, job);
  return job;
}

export interface CancelJobInput {
  jobId: string;
  /** Reach executions in progress too. */
  force: boolean;
  reasonCode?: string | undefined;
  comment?: string | undefined;
}

/** @throws {AwsError} ResourceNotFound; InvalidRequest once the job has ended */
export function cancelJob(turn: CommandContext, input: CancelJobInput): Readonly<Job> {
  const job = existingJob(turn.world, input.jobId);
  if (!isOpen(job)) throw invalidRequest(`Job ${job.jobId} is ${job.status}, it cannot be canceled`);
  endByCancel(turn, job, input);
  return job;
}

/** What CancelJob does, also for an abort and at the end of a schedule. */
export function endByCancel(
  turn: CommandContext,
  job: Job,
  how: Pick<CancelJobInput, "force" | "reasonCode" | "comment">,
): void {
  turn.events.push({ eventType: "JOB", operation: "cancellation_in_progress", job });
  setJobStatus(turn, job, "CANCELED");
  job.forceCanceled = how.force;
  if (how.reasonCode !== undefined) job.reasonCode = how.reasonCode;
  if (how.comment !== undefined) job.comment = how.comment;
  delete job.rollout;
  setAlarm(turn, job);
  for (const executions of job.executions.values()) {
    const execution = executions.at(-1);
    if (execution?.status === "QUEUED") changeExecution(turn, job, execution, { status: "CANCELED" });
    if (execution?.status === "IN_PROGRESS" && how.force) {
      execution.forceCanceled = true;
      changeExecution(turn, job, execution, { status: "CANCELED" });
    }
  }
  turn.events.push({ eventType: "JOB", operation: "canceled", job });
}

/**
 * The job turns DELETION_IN_PROGRESS and is gone, with its executions, after the next tick.
 * @throws {AwsError} ResourceNotFound, LimitExceeded; InvalidStateTransition for a job that runs, unless forced
 */
export function deleteJob(turn: CommandContext, input: { jobId: string; force: boolean }): void {
  const { world } = turn;
  const job = existingJob(world, input.jobId);
  if (job.status === "DELETION_IN_PROGRESS") {
    throw invalidStateTransition(`Job ${job.jobId} is being deleted already`);
  }
  if (isOpen(job) && !input.force) {
    throw invalidStateTransition(`Job ${job.jobId} is ${job.status}: it can only be deleted with force`);
  }
  if (world.deletions.size >= DELETIONS_MAX) {
    throw limitExceeded(`${DELETIONS_MAX} jobs are being deleted already`);
  }
  turn.events.push({ eventType: "JOB", operation: "deletion_in_progress", job });
  setJobStatus(turn, job, "DELETION_IN_PROGRESS");
  delete job.rollout;
  setAlarm(turn, job);
  world.deletions.add(job.jobId);
}

/** Takes the jobs in DELETION_IN_PROGRESS out of the world, and what was pending of them from their things. */
export function finishDeletions(turn: CommandContext): void {
  const { world } = turn;
  for (const jobId of world.deletions) {
    const job = existingJob(world, jobId);
    for (const execution of [...job.executions.values()].flat()) dropExecution(turn, job, execution);
    world.jobs.delete(jobId);
    turn.events.push({ eventType: "JOB", operation: "deleted", job });
  }
  world.deletions.clear();
}

/** @throws {AwsError} ResourceNotFound */
export function existingJob(world: World, jobId: string): Job {
  const job = world.jobs.get(jobId);
  if (job === undefined) throw notFound(`Job ${jobId} does not exist.`);
  return job;
}

/** Whether the job still goes on, or is to start. */
export function isOpen({ status }: Pick<Job, "status">): boolean {
  return status === "IN_PROGRESS" || status === "SCHEDULED";
}

/** To be called after every change of a job's status, rollout or schedule: says when time has to look at it again. */
export function setAlarm({ world, nowMs }: CommandContext, job: Job): void {
  const due = [
    ...(job.status === "IN_PROGRESS" && job.rollout !== undefined ? [job.rollout.dueMs] : []),
    ...(isOpen(job) ? [scheduleAt(job.schedulingConfig, nowMs).changesAtMs ?? []].flat() : []),
  ];
  if (due.length > 0) {
    job.wakeAtMs = Math.min(...due);
    world.waking.add(job.jobId);
    return;
  }
  delete job.wakeAtMs;
  world.waking.delete(job.jobId);
}
