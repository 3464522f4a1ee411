import type { JobExecutionStatus, JobStatus, StatusDetails } from "@fota/shared";

export interface Job {
  jobId: string;
  sequence: number;
  status: JobStatus;
  targetSelection: TargetSelection;
  /** ARNs, as the request spelled them. */
  targets: string[];
  /** With the placeholders of packages filled in, and those of S3 objects as they are. */
  document: string;
  /** URL of the S3 object that the document came from. */
  documentSource: string | undefined;
  description: string | undefined;
  reasonCode?: string;
  comment?: string;
  forceCanceled: boolean;
  config: JobConfig;
  schedulingConfig: SchedulingConfig | undefined;
  jobTemplateArn: string | undefined;
  documentParameters: Record<string, string> | undefined;
  /** The software packages that it installs. */
  packages: JobPackages | undefined;
  tags: Record<string, string>;
  createdAtMs: number;
  lastUpdatedAtMs: number;
  completedAtMs?: number;
  /** By thing name, oldest first; only a thing's last execution can be pending. Changed by execution-lists.ts only. */
  executions: ReadonlyMap<string, readonly Execution[]>;
  /** Number of executions in each status. */
  counts: Record<JobExecutionStatus, number>;
  /**
   * `undefined` after every target has been rolled out. Set, not deleted, here and below: V8 turns an object into a hash
   * table when one of its properties is deleted, which takes several times the memory and the time of every reader.
   */
  rollout: Rollout | undefined;
  /** Set while ticks carry the cancellation or the deletion of a large job to its executions. */
  sweep?: Sweep | undefined;
  /** Set while ticks carry the opening or closing of a large job to its executions. */
  visibilityChange?: VisibilityChange | undefined;
  pace: Pace;
  /** When the next `tick` must look at the job; never in the past after a tick. */
  wakeAtMs?: number | undefined;
}

export interface JobTemplate {
  jobTemplateId: string;
  sequence: number;
  description: string;
  document: string;
  documentSource?: string;
  config: JobConfig;
  maintenanceWindows?: MaintenanceWindow[];
  /** ARNs, as the request spelled them. */
  destinationPackageVersions?: string[];
  tags: Record<string, string>;
  createdAtMs: number;
}

/** The versions that a job installs, and the request before their names and attributes were filled in. */
export interface JobPackages {
  /** ARNs of versions, with the default version's name in place of `$default`. */
  installs: string[];
  /** ARNs, as the request spelled them. */
  given: string[];
  /** The document as it was, if it had placeholders of packages. */
  givenDocument?: string;
}

export type TargetSelection = "SNAPSHOT" | "CONTINUOUS";

/** The configuration that CreateJob, UpdateJob and CreateJobTemplate share, in AWS's spelling. */
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
  /** Has exactly one of the two. */
  rateIncreaseCriteria: { numberOfNotifiedThings?: number; numberOfSucceededThings?: number };
}

export interface AbortCriterion {
  failureType: "FAILED" | "REJECTED" | "TIMED_OUT" | "ALL";
  action: "CANCEL";
  /** Percentage of the ended executions, with two decimals. */
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

/** How far a job's rollout has come in creating executions. */
export interface Rollout {
  /** ARNs that are not finished; the first is being rolled out. */
  targets: string[];
  /** Things of the first target that still need an execution; absent until its members are looked up. */
  things?: string[] | undefined;
  /** When the rollout continues. */
  dueMs: number;
}

/** What a cancellation or a deletion has left to do. An execution that it has not reached is as it was before. */
export interface Sweep {
  /** Things whose executions are left, the next one last. */
  things: string[];
  /** Whether devices see the QUEUED executions that are left. */
  isVisible: boolean;
}

/**
 * What the opening or the closing of a job by its schedule has left to do. Devices see a QUEUED execution that it has not
 * reached, or do not see it, as before.
 */
interface VisibilityChange {
  /** A sequence number: the change concerns executions with lower ones. Those that it has reached have it, too. */
  id: number;
  /** Things whose executions are left, the next one last. */
  things: string[];
}

/** How fast a job has created executions. It outlives the rollout, because added targets start another one. */
export interface Pace {
  /** Number of executions that rollouts have created. */
  notified: number;
  /** The current minute of a rate limit, and how many executions it still allows; absent without a rate limit. */
  minute?: { startedMs: number; room: number };
}

export interface Execution {
  jobId: string;
  thingName: string;
  executionNumber: number;
  /** Unique among all executions: distinguishes a new one from a deleted one with the same number. */
  sequence: number;
  /** Changed by execution-lists.ts only. */
  readonly status: JobExecutionStatus;
  /** Replaced as a whole, never changed in place. */
  statusDetails: StatusDetails;
  versionNumber: number;
  queuedAtMs: number;
  startedAtMs?: number;
  lastUpdatedAtMs: number;
  forceCanceled: boolean;
  /** Number of retries before this execution, by the status that caused them. Never changed in place. */
  retries: Readonly<Retries>;
  /** End of the job's in-progress timer, set when the execution becomes IN_PROGRESS. */
  inProgressEndsAtMs?: number;
  /** End of the step timer that the device set last. */
  stepEndsAtMs?: number;
  /** Time of the earliest entry in `world.timers` for this execution. */
  timerAtMs?: number;
  /** Id of the last `VisibilityChange` that has reached it. */
  visibilityChange?: number;
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
  /**
   * Ids of the jobs with a pending execution: IN_PROGRESS first, then QUEUED, each by age. The first visible one is
   * `$next`.
   */
  pending: string[];
  /** Ids of all jobs that have an execution for the thing. */
  jobs: Set<string>;
}
