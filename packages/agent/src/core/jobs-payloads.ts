import {
  JOB_EXECUTION_STATUSES,
  type JobExecutionState,
  type JobExecutionStatus,
  REJECTED_CODES,
  type RejectedCode,
} from "@fota/shared";
import { isCount, isRecord } from "./guards.js";

/** The fields of a pending execution's summary that the agent uses. */
export interface PendingExecution {
  jobId: string;
  executionNumber: number;
  versionNumber: number;
  /** Whole seconds since 1970. */
  queuedAt: number;
}

export interface DescribedExecution {
  jobId: string;
  executionNumber: number;
  versionNumber: number;
  status: JobExecutionStatus;
  /** The job document, not checked. */
  document: unknown;
}

export interface PendingExecutions {
  inProgress: PendingExecution[];
  queued: PendingExecution[];
}

/** A rejection by AWS. An unknown code becomes InternalError. */
export interface RejectionPayload {
  code: RejectedCode;
  message: string;
  executionState?: JobExecutionState;
}

/** Parses a message. Returns `undefined` if it is not a JSON object. Never throws. */
export function parseMessage(payload: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(payload);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Reads the pending executions, oldest first in each list. Missing lists are empty; invalid entries are left out. */
export function readPending(message: Record<string, unknown>): PendingExecutions {
  return {
    inProgress: readSummaries(message["inProgressJobs"]),
    queued: readSummaries(message["queuedJobs"]),
  };
}

/** Reads the job ids in a notification, `{jobs: {IN_PROGRESS: [...], QUEUED: [...]}}`. Never throws. */
export function readNotifiedIds(payload: string): string[] {
  const jobs = parseMessage(payload)?.["jobs"];
  return isRecord(jobs)
    ? Object.values(jobs)
        .flatMap(readSummaries)
        .map(({ jobId }) => jobId)
    : [];
}

function readSummaries(value: unknown): PendingExecution[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap(readSummary).sort((a, b) => a.queuedAt - b.queuedAt);
}

function readSummary(value: unknown): PendingExecution[] {
  if (!isRecord(value) || typeof value["jobId"] !== "string" || value["jobId"] === "") return [];
  return [
    {
      jobId: value["jobId"],
      executionNumber: numberIn(value, "executionNumber") ?? 1,
      versionNumber: numberIn(value, "versionNumber") ?? 1,
      queuedAt: numberIn(value, "queuedAt") ?? 0,
    },
  ];
}

/** Reads a described execution. Returns `undefined` if there is none: AWS omits `execution`, others send it empty. */
export function readExecution(message: Record<string, unknown>): DescribedExecution | undefined {
  const execution = message["execution"];
  if (!isRecord(execution) || typeof execution["jobId"] !== "string") return undefined;
  const state = readState(execution);
  return (
    state && {
      ...state,
      jobId: execution["jobId"],
      executionNumber: numberIn(execution, "executionNumber") ?? 1,
      document: execution["jobDocument"],
    }
  );
}

export function readExecutionState(message: Record<string, unknown>): JobExecutionState | undefined {
  const state = message["executionState"];
  return isRecord(state) ? readState(state) : undefined;
}

function readState(value: Record<string, unknown>): JobExecutionState | undefined {
  const status = JOB_EXECUTION_STATUSES.find((each) => each === value["status"]);
  const versionNumber = numberIn(value, "versionNumber");
  return status === undefined || versionNumber === undefined ? undefined : { status, versionNumber };
}

export function readRejection(message: Record<string, unknown>): RejectionPayload {
  const code = REJECTED_CODES.find((known) => known === message["code"]) ?? "InternalError";
  const text = message["message"];
  const executionState = readExecutionState(message);
  const rejection = { code, message: typeof text === "string" ? text : String(message["code"]) };
  return executionState === undefined ? rejection : { ...rejection, executionState };
}

function numberIn(value: Record<string, unknown>, key: string): number | undefined {
  const number = value[key];
  return isCount(number) ? number : undefined;
}
