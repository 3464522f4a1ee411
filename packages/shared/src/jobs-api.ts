/**
 * The MQTT API of AWS IoT Jobs for devices. Field names and units are AWS's: times are whole seconds since 1970.
 * Source: AWS IoT Developer Guide, "Jobs device MQTT API operations"; API model iot-jobs-data 2017-09-29.
 */

export const JOB_EXECUTION_STATUSES = [
  "QUEUED",
  "IN_PROGRESS",
  "SUCCEEDED",
  "FAILED",
  "TIMED_OUT",
  "REJECTED",
  "REMOVED",
  "CANCELED",
] as const;
export type JobExecutionStatus = (typeof JOB_EXECUTION_STATUSES)[number];

/** Statuses that a device may report. The service sets the others. */
export type ReportedStatus = Extract<JobExecutionStatus, "IN_PROGRESS" | "SUCCEEDED" | "FAILED" | "REJECTED">;

export const JOB_STATUSES = [
  "SCHEDULED",
  "IN_PROGRESS",
  "CANCELED",
  "COMPLETED",
  "DELETION_IN_PROGRESS",
] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** Tells whether a status is final: such an execution never changes again. */
export function isTerminal(status: JobExecutionStatus): boolean {
  return status !== "QUEUED" && status !== "IN_PROGRESS";
}

export type StatusDetails = Record<string, string>;

export interface JobExecutionSummary {
  jobId: string;
  queuedAt: number;
  lastUpdatedAt: number;
  startedAt?: number;
  executionNumber: number;
  versionNumber: number;
}

export interface JobExecution {
  jobId: string;
  status: JobExecutionStatus;
  statusDetails?: StatusDetails;
  queuedAt: number;
  startedAt?: number;
  lastUpdatedAt: number;
  versionNumber: number;
  executionNumber: number;
  approximateSecondsBeforeTimedOut?: number;
  /** The job document, not checked: an object over MQTT, a JSON string over HTTP. */
  jobDocument?: unknown;
}

export interface JobExecutionState {
  status: JobExecutionStatus;
  versionNumber: number;
  statusDetails?: StatusDetails;
}

export interface GetPendingJobExecutionsResponse {
  timestamp: number;
  clientToken?: string;
  inProgressJobs: JobExecutionSummary[];
  queuedJobs: JobExecutionSummary[];
}

export interface DescribeJobExecutionRequest {
  executionNumber?: number;
  includeJobDocument?: boolean;
  clientToken?: string;
}

/** Also the answer to StartNextPendingJobExecution. If nothing is pending, `execution` is absent or has no `jobId`. */
export interface DescribeJobExecutionResponse {
  timestamp: number;
  clientToken?: string;
  execution?: JobExecution;
}

export interface UpdateJobExecutionRequest {
  status: ReportedStatus;
  statusDetails?: StatusDetails;
  expectedVersion?: number;
  executionNumber?: number;
  includeJobExecutionState?: boolean;
  includeJobDocument?: boolean;
  stepTimeoutInMinutes?: number;
  clientToken?: string;
}

export interface UpdateJobExecutionResponse {
  timestamp: number;
  clientToken?: string;
  executionState?: JobExecutionState;
  jobDocument?: unknown;
}

export const REJECTED_CODES = [
  "InvalidTopic",
  "InvalidJson",
  "InvalidRequest",
  "InvalidStateTransition",
  "ResourceNotFound",
  "VersionMismatch",
  "TerminalStateReached",
  "RequestThrottled",
  "InternalError",
] as const;
export type RejectedCode = (typeof REJECTED_CODES)[number];

export interface RejectedResponse {
  code: RejectedCode;
  message: string;
  timestamp: number;
  clientToken?: string;
  /** Only with VersionMismatch and InvalidStateTransition. */
  executionState?: JobExecutionState;
}
