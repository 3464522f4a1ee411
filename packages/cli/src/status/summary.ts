import { decodeStatusDetails, FotaError, type UpdateReport } from "@fota/shared";
import { describeExecution, type Execution, listExecutions } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { describeJob, type ExecutionCounts, type JobDescription } from "../aws/jobs.js";
import type { JobSummary, ThingSummary } from "./result.js";

/** Which executions to show beside the counts. */
export type Shown =
  | { kind: "none" }
  /** All of them if they are few. */
  | { kind: "few" }
  | { kind: "all" }
  | { kind: "failed" }
  | { kind: "thing"; thing: string };

/** More than so many are a list to ask for. */
const FEW = 10;
/** Executions whose details are read: each takes a request, and AWS allows 10 a second in an account. */
const DETAILED_MAX = 250;
const REQUESTS_AT_ONCE = 5;
const UNSUCCESSFUL = ["FAILED", "TIMED_OUT", "REJECTED", "REMOVED", "CANCELED"] as const;

/** A job's state as `follow` needs it beside what is printed. */
export interface JobState {
  summary: JobSummary;
  /** Nothing of this job will change any more by itself. */
  ended: boolean;
}

/**
 * Reads where a job stands. The counts are one request; executions are read only when shown.
 * @throws {FotaError} JOB_NOT_FOUND, THING_NOT_FOUND
 */
export async function readJobState(iot: Iot, jobId: string, shown: Shown): Promise<JobState> {
  const job = await describeJob(iot, jobId);
  const total = totalOf(job.counts);
  const summary: JobSummary = { jobId, status: job.status, counts: job.counts, total };
  const ended = hasEnded(job);
  if (shown.kind === "none" || (shown.kind === "few" && total > FEW)) return { summary, ended };
  return { summary: { ...summary, executions: await readExecutions(iot, jobId, shown) }, ended };
}

/**
 * Whether a job has ended: AWS says so, or it was canceled and no thing is still at it. A continuous job never is
 * COMPLETED, as things may join its groups later: it counts as ended when every execution it has so far has ended.
 */
function hasEnded(job: JobDescription): boolean {
  const { queued, inProgress } = job.counts;
  const idle = queued + inProgress === 0;
  if (job.status === "COMPLETED" || job.status === "DELETION_IN_PROGRESS") return true;
  if (job.status === "CANCELED") return idle;
  return job.continuous && idle && job.pendingTargets === 0 && totalOf(job.counts) > 0;
}

/** Whether every execution succeeded and the job was not taken back. */
export function allSucceeded({ status, counts, total }: JobSummary): boolean {
  return status !== "CANCELED" && counts.succeeded === total;
}

function totalOf(counts: ExecutionCounts): number {
  return Object.values(counts).reduce((sum: number, count: number) => sum + count, 0);
}

async function readExecutions(iot: Iot, jobId: string, shown: Shown): Promise<ThingSummary[]> {
  if (shown.kind === "thing") {
    const found = await describeExecution(iot, jobId, shown.thing);
    if (found !== undefined) return [thingSummary(found, decodeStatusDetails(found.details))];
    throw new FotaError("THING_NOT_FOUND", `job ${jobId} has no execution on ${shown.thing}`, {
      hint: `\`fota status ${jobId} --things\` lists those that it has`,
    });
  }
  const executions = await listShown(iot, jobId, shown);
  const reports = await reportsOf(iot, jobId, executions.slice(0, DETAILED_MAX));
  return executions.map((execution, i) => thingSummary(execution, reports[i] ?? {}));
}

async function listShown(iot: Iot, jobId: string, shown: Shown): Promise<Execution[]> {
  const executions: Execution[] = [];
  for (const status of shown.kind === "failed" ? UNSUCCESSFUL : [undefined]) {
    for await (const execution of listExecutions(iot, jobId, status)) executions.push(execution);
  }
  return executions.sort((a, b) => a.thing.localeCompare(b.thing));
}

/** A thing that has not started has nothing to say, so it is not asked. */
async function reportsOf(iot: Iot, jobId: string, executions: readonly Execution[]): Promise<UpdateReport[]> {
  const reports: UpdateReport[] = [];
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < executions.length; i = next++) {
      const execution = executions[i];
      if (execution === undefined || execution.status === "QUEUED") continue;
      reports[i] = decodeStatusDetails((await describeExecution(iot, jobId, execution.thing))?.details);
    }
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, worker));
  return reports;
}

function thingSummary(execution: Execution, report: UpdateReport): ThingSummary {
  const { thing, status, executionNumber, queuedAt, startedAt, lastUpdatedAt } = execution;
  return {
    thing,
    status,
    executionNumber,
    ...(queuedAt && { queuedAt: queuedAt.toISOString() }),
    ...(startedAt && { startedAt: startedAt.toISOString() }),
    ...(lastUpdatedAt && { lastUpdatedAt: lastUpdatedAt.toISOString() }),
    ...report,
  };
}
