import type { JobExecutionStatus, JobStatus, StatusDetails } from "@fota/shared";

export interface Job {
  jobId: string;
  sequence: number;
  status: JobStatus;
  targetSelection: TargetSelection;
  /** ARNs, as they were given. */
  targets: string[];
  document: string;
  /** URL of the object that the document was read from. */
  documentSource?: string;
  description?: string;
  reasonCode?: string;
  comment?: string;
  forceCanceled: boolean;
  config: JobConfig;
  schedulingConfig?: SchedulingConfig;
  jobTemplateArn?: string;
  documentParameters?: Record<string, string>;
  tags: Record<string, string>;
  createdAtMs: number;
  lastUpdatedAtMs: number;
  completedAtMs?: number;
  /** By thing name, in order of creation; only the last of a thing can be pending. */
  executions: Map<string, Execution[]>;
  /** How many of `executions` are in each status. */
  counts: Record<JobExecutionStatus, number>;
  /** Absent when every target has been rolled out. */
  rollout?: Rollout;
  pace: Pace;
  /** When time has something to do for it next; never in the past after a tick. */
  wakeAtMs?: number;
}

export interface JobTemplate {
  jobTemplateId: string;
  sequence: number;
  description: string;
  document: string;
  documentSource?: string;
  config: JobConfig;
  maintenanceWindows?: MaintenanceWindow[];
  tags: Record<string, string>;
  createdAtMs: number;
}

export type TargetSelection = "SNAPSHOT" | "CONTINUOUS";

/** What CreateJob, UpdateJob and CreateJobTemplate have in common, as AWS spells it. */
export interface JobConfig {
  presignedUrlConfig?: PresignedUrlConfig;
  jobExecutionsRolloutConfig?: RolloutConfig;
  abortConfig?: { criteriaList: AbortCriterion[] };
  timeoutConfig?: { inProgressTimeoutInMinutes?: number };
  jobExecutionsRetryConfig?: { criteriaList: RetryCriterion[] };
}

interface PresignedUrlConfig {
  roleArn?: string;
  expiresInSec?: number;
}

export interface RolloutConfig {
  maximumPerMinute?: number;
  exponentialRate?: ExponentialRate;
}

interface ExponentialRate {
  baseRatePerMinute: number;
  incrementFactor: number;
  /** One of the two. */
  rateIncreaseCriteria: { numberOfNotifiedThings?: number; numberOfSucceededThings?: number };
}

export interface AbortCriterion {
  failureType: "FAILED" | "REJECTED" | "TIMED_OUT" | "ALL";
  action: "CANCEL";
  /** Of the executions that have ended; two decimals count. */
  thresholdPercentage: number;
  minNumberOfExecutedThings: number;
}

export interface RetryCriterion {
  failureType: "FAILED" | "TIMED_OUT" | "ALL";
  numberOfRetries: number;
}

export interface SchedulingConfig {
  startTime?: string;
  endTime?: string;
  endBehavior?: "STOP_ROLLOUT" | "CANCEL" | "FORCE_CANCEL";
  maintenanceWindows?: MaintenanceWindow[];
}

export interface MaintenanceWindow {
  /** `cron(minute hour day-of-month month day-of-week year)`, UTC. */
  startTime: string;
  durationInMinutes: number;
}

/** How far a job has come in creating executions. */
export interface Rollout {
  /** ARNs not finished yet; the first is the one in work. */
  targets: string[];
  /** Things of the first target that are still to come; absent until its members have been looked up. */
  things?: string[];
  /** When to go on. */
  dueMs: number;
}

/** How fast it has gone about it; outlives the rollout, as more targets bring another. */
export interface Pace {
  /** Executions that rollouts have created. */
  notified: number;
  /** The minute that a rate counts in, and what may still be created in it; absent without a rate. */
  minute?: { startedMs: number; room: number };
}

export interface Execution {
  jobId: string;
  thingName: string;
  executionNumber: number;
  /** Unique in the world, so it tells a new execution from a deleted one of the same number. */
  sequence: number;
  status: JobExecutionStatus;
  /** Replaced, never changed in place. */
  statusDetails: StatusDetails;
  versionNumber: number;
  queuedAtMs: number;
  startedAtMs?: number;
  lastUpdatedAtMs: number;
  forceCanceled: boolean;
  /** Retries that led to it, by what they came after. */
  retries: Retries;
  /** End of the job's in-progress timer, fixed when the execution turns IN_PROGRESS. */
  inProgressEndsAtMs?: number;
  /** End of the step timer that the device set last. */
  stepEndsAtMs?: number;
  /** The earliest entry that `world.timers` holds for it. */
  timerAtMs?: number;
}

export interface Retries {
  FAILED: number;
  TIMED_OUT: number;
}

export interface ExecutionTimer {
  dueMs: number;
  jobId: string;
  thingName: string;
  executionSequence: number;
}

export interface PendingQueue {
  /** Ids of the jobs with a pending execution: IN_PROGRESS first, then QUEUED, each by age. The first visible is `$next`. */
  pending: string[];
  /** Ids of all jobs that have an execution for the thing. */
  jobs: Set<string>;
}
