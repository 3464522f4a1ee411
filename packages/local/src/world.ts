import type { JobExecutionStatus, JobStatus, StatusDetails } from "@fota/shared";

/**
 * Everything the stand-in knows of things, jobs, certificates and policies, as plain data: Maps and Sets of records,
 * no methods, no clocks. Commands change it, queries read it, the journal brings it back after a restart.
 */
export interface World {
  region: string;
  /** The last number given out by `nextSequence`. */
  sequence: number;
  things: Map<string, Thing>;
  groups: Map<string, ThingGroup>;
  jobs: Map<string, Job>;
  templates: Map<string, JobTemplate>;
  /** What each thing has to do, and what it ever had: by thing name, outlives the thing. */
  agendas: Map<string, PendingQueue>;
  /** Ids of the jobs for which time has something to do: those with `wakeAtMs`. */
  waking: Set<string>;
  /** Ids of jobs in DELETION_IN_PROGRESS. */
  deletions: Set<string>;
  /** Binary heap, the earliest first; see jobs/timers.ts. */
  timers: ExecutionTimer[];
  certificates: Map<string, Certificate>;
  policies: Map<string, Policy>;
  thingTypes: Map<string, ThingType>;
  /** Names of the groups that a query fills. */
  dynamicGroups: Set<string>;
  /** Kinds of events that are published on `$aws/events/...`; none at first. */
  eventConfigurations: Set<EventType>;
  /** When they were first and last set; absent: never. */
  eventConfigurationsSet?: { firstAtMs: number; lastAtMs: number };
  /** Whether who is connected is indexed too; off at first. */
  connectivityIndexed: boolean;
  /** While it is: who is, by client id, which devices have in common with their thing. */
  connectivity?: Map<string, Connectivity>;
}

export interface Connectivity {
  /** When the client came, or left. */
  sinceMs: number;
  /** Why it left; absent while it is connected. */
  disconnectReason?: string;
}

/** The kinds of events that the stand-in publishes when they are enabled. */
export type EventType = "JOB" | "JOB_EXECUTION";

export interface Thing {
  thingName: string;
  thingId: string;
  sequence: number;
  thingTypeName?: string;
  attributes: Record<string, string>;
  version: number;
  /** Names of the groups it was put into itself, and of the dynamic ones that found it. */
  groups: Set<string>;
  /** Ids of the certificates attached to it. */
  certificates: Set<string>;
}

export interface ThingGroup {
  thingGroupName: string;
  thingGroupId: string;
  sequence: number;
  description?: string;
  attributes: Record<string, string>;
  version: number;
  createdAtMs: number;
  parent?: string;
  children: Set<string>;
  /** Names of the things put into it itself; of a dynamic group those that its query finds. */
  things: Set<string>;
  /** A dynamic group has it. */
  queryString?: string;
  /** Absent: none. */
  tags?: Record<string, string>;
}

export interface ThingType {
  thingTypeName: string;
  thingTypeId: string;
  sequence: number;
  description?: string;
  searchableAttributes: string[];
  createdAtMs: number;
  deprecatedAtMs?: number;
  /** Absent: none. */
  tags?: Record<string, string>;
}

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

export interface Certificate {
  certificateId: string;
  sequence: number;
  certificatePem: string;
  status: "ACTIVE" | "INACTIVE" | "REVOKED";
  createdAtMs: number;
  lastUpdatedAtMs: number;
  /** How often it was changed, its making counted; absent: once. */
  customerVersion?: number;
  /** Names of the policies attached to it. */
  policies: Set<string>;
  /** Names of the things it is attached to. */
  things: Set<string>;
}

export interface Policy {
  policyName: string;
  sequence: number;
  createdAtMs: number;
  /** By version id, the oldest first; five at most. */
  versions: Map<string, PolicyVersion>;
  defaultVersionId: string;
  /** Number of the last version that was made; ids are not used again. */
  lastVersion: number;
  /** Absent: none. */
  tags?: Record<string, string>;
}

/** Never changed in place. */
export interface PolicyVersion {
  versionId: string;
  document: string;
  createdAtMs: number;
}

/** What a command may know of the outside. */
export interface Moment {
  /** Milliseconds since 1970; never before an earlier command's. */
  nowMs: number;
  /** From 0 up to 1; the same numbers again when the command is replayed. */
  random(): number;
}

/** One command at work: the world it changes, and what has to follow when it is done. */
export interface CommandContext extends Moment {
  world: World;
  /** What each thing that the command touched saw of its queue before it. */
  before: Map<string, PendingView>;
  /** Executions that have reached a terminal state, until what follows from it is settled. */
  ended: Execution[];
  /** Ids of the jobs whose executions or rollout have changed, until that is settled too. */
  changedJobs: Set<string>;
  /** In order; what is not enabled goes unsaid. */
  events: (JobEvent | JobExecutionEvent)[];
}

export interface JobEvent {
  eventType: "JOB";
  operation: "completed" | "canceled" | "deleted" | "cancellation_in_progress" | "deletion_in_progress";
  job: Job;
}

export interface JobExecutionEvent {
  eventType: "JOB_EXECUTION";
  operation: "succeeded" | "failed" | "rejected" | "canceled" | "timed_out" | "removed" | "deleted";
  execution: Execution;
}

export function startCommand(world: World, moment: Moment): CommandContext {
  return { world, ...moment, before: new Map(), ended: [], changedJobs: new Set(), events: [] };
}

/** The executions that a thing sees, by their sequence numbers, `$next` first. */
export type PendingView = readonly number[];

export function createWorld(region: string): World {
  return {
    region,
    sequence: 0,
    things: new Map(),
    groups: new Map(),
    jobs: new Map(),
    templates: new Map(),
    agendas: new Map(),
    waking: new Set(),
    deletions: new Set(),
    timers: [],
    certificates: new Map(),
    policies: new Map(),
    thingTypes: new Map(),
    dynamicGroups: new Set(),
    eventConfigurations: new Set(),
    connectivityIndexed: false,
  };
}

/** Numbers things, jobs and executions in order of creation: what lists and their page tokens go by. */
export function nextSequence(world: World): number {
  world.sequence += 1;
  return world.sequence;
}

/** A version 4 UUID from the moment's own random numbers, so that a replay gives the same one. */
export function randomUuid(moment: Moment): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(moment.random() * 16).toString(16));
  digits[12] = "4";
  digits[16] = "89ab"[Math.floor(moment.random() * 4)] ?? "8";
  const hex = digits.join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
