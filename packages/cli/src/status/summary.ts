import { decodeStatusDetails, LIST_PAGE_MAX } from "@fota/shared";
import { describeExecution, type Execution, listExecutions, throwNoExecution } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { COUNT_KEYS, describeJob, type JobDescription } from "../aws/jobs.js";
import { given } from "../given.js";
import { firmwareIn } from "../job/firmware.js";
import { wallClockMs } from "../wall-clock.js";
import { failingStatuses, failureCount, groupCauses, isFailure } from "./causes.js";
import { compareNames } from "./compare-names.js";
import { abortRulesOf, endedOf, paceOf, type Sample, startOf, totalOf } from "./pace.js";
import { openReports, type Reports, thingSummary } from "./reports.js";
import type { JobSummary, ThingSummary } from "./result.js";

/**
 * What to show besides the counts: nothing, or the things of a small job and the causes of failure of a larger one.
 */
export type Shown = { kind: "none" } | { kind: "few" };

/** A job with more things shows them only on request. */
export const FEW_THINGS = 10;
/** For a larger job, one read takes at most one page of failures and one cause. */
const MEDIUM_JOB = 1_000;
const CAUSES_OF_MEDIUM = 20;
/** Limits the causes that each further read of the same job may read. */
const CAUSES_OF_NEXT_LOOK = 5;
/** The period for a rate while a job is read repeatedly. */
const RATE_PERIOD_MS = 600_000;
/**
 * If the time of day went on for so much longer than `performance.now()`, this machine slept, which that clock does not
 * count on Linux: what ended meanwhile would raise the rate.
 */
const SLEPT_MIN_MS = 10_000;

/** Holds a job's state for `follow`, with the summary to print. */
export interface JobState {
  summary: JobSummary;
  /** True when nothing of this job changes any more by itself. */
  ended: boolean;
}

/** Adds the job as AWS describes it. */
export interface DescribedJobState extends JobState {
  job: JobDescription;
}

/**
 * Returns a function that reads one job, once or repeatedly. It reads what cannot change only once, and some more
 * causes each time.
 * @param first the job for the first call, if it was read already
 */
export function jobReader(
  iot: Iot,
  jobId: string,
  { kind }: Shown,
  first?: JobDescription,
): () => Promise<DescribedJobState> {
  const reports = openReports(iot, jobId);
  const failed = new Map<string, Execution>();
  let looked: { atMs: number; wallMs: number; ended: number }[] = [];
  let looks = 0;
  return async () => {
    const job = looks === 0 && first !== undefined ? first : await describeJob(iot, jobId);
    const nowMs = wallClockMs();
    const atMs = performance.now();
    const last = looked.at(-1);
    if (last !== undefined && nowMs - last.wallMs > atMs - last.atMs + SLEPT_MIN_MS) looked = [];
    looked.push({ atMs, wallMs: nowMs, ended: endedOf(job.counts) });
    while ((looked[0]?.atMs ?? atMs) < atMs - RATE_PERIOD_MS) looked.shift();
    const samples = looked.map((look): Sample => ({ agoMs: atMs - look.atMs, ended: look.ended }));
    looks += 1;
    const summary = { ...summaryOf(job, nowMs), ...paceOf(job, samples, nowMs) };
    const ended = hasEnded(job);
    if (kind === "none") return { job, summary, ended };
    if (summary.total <= FEW_THINGS) {
      const executions = await readAll(iot, jobId, reports);
      const counted = summary.total === 0 ? countOf(executions) : {};
      return { job, summary: { ...summary, ...counted, ...causesOf(executions), executions }, ended };
    }
    const budget = looks > 1 ? CAUSES_OF_NEXT_LOOK : summary.total > MEDIUM_JOB ? 1 : CAUSES_OF_MEDIUM;
    await readFailures(iot, job, { failed, budget });
    const failures = await reports.of([...failed.values()]);
    return { job, summary: { ...summary, ...causesOf(failures) }, ended };
  };
}

/**
 * Reads the state of a job. The counts take one request. For a small job it also reads the things, for a larger one
 * causes of failure, with more than 1,000 executions only one.
 * @throws {FotaError} JOB_NOT_FOUND
 */
export async function readJobState(iot: Iot, jobId: string, shown: Shown): Promise<JobState> {
  return await jobReader(iot, jobId, shown)();
}

/** Reads one thing of a job, with all details. @throws {FotaError} JOB_NOT_FOUND, THING_NOT_FOUND */
export async function readThing(iot: Iot, jobId: string, thing: string): Promise<JobState> {
  const job = await describeJob(iot, jobId);
  const found = await describeExecution(iot, jobId, thing);
  if (found === undefined) return await throwNoExecution(iot, job, thing);
  const { versionNumber, secondsLeft, forceCanceled } = found;
  const execution: ThingSummary = {
    ...thingSummary(found, decodeStatusDetails(found.details)),
    versionNumber,
    ...given({ secondsLeft }),
    ...(forceCanceled && { forceCanceled }),
  };
  const nowMs = wallClockMs();
  const summary = { ...summaryOf(job, nowMs), ...paceOf(job, [], nowMs), executions: [execution] };
  return { summary, ended: hasEnded(job) };
}

/** Summarizes what DescribeJob returns. */
export function summaryOf(job: JobDescription, nowMs: number): JobSummary {
  const { jobId, status, counts, continuous, description, targetArns } = job;
  const { createdAt, completedAt, reasonCode, comment } = job;
  const startsAt = [startOf(job), ...job.nextWindows].find(
    (time) => time !== undefined && time.getTime() > nowMs,
  );
  const abort = abortRulesOf(job);
  return {
    jobId,
    status,
    counts,
    total: totalOf(counts),
    ...(status === "IN_PROGRESS" && job.pendingTargets > 0 && { targetsToGo: job.pendingTargets }),
    continuous,
    ...(description && { description }),
    ...firmwareIn(description),
    ...(targetArns.length > 0 && { targets: targetArns }),
    ...given({ createdAt: createdAt?.toISOString() }),
    ...(startsAt && status === "SCHEDULED" && { startsAt: startsAt.toISOString() }),
    ...given({ completedAt: completedAt?.toISOString() }),
    ...(reasonCode && { reasonCode }),
    ...(comment && { comment }),
    ...(abort.length > 0 && { abort }),
  };
}

/**
 * Returns whether a job has ended: AWS says so, or it was canceled and no thing is in progress. A continuous job never
 * becomes COMPLETED because things may join its groups later; it has ended when every execution so far has.
 */
export function hasEnded(job: JobDescription): boolean {
  const { queued, inProgress } = job.counts;
  const idle = queued + inProgress === 0;
  if (job.status === "COMPLETED" || job.status === "DELETION_IN_PROGRESS") return true;
  if (job.status === "CANCELED") return idle;
  return job.continuous && idle && job.pendingTargets === 0 && totalOf(job.counts) > 0;
}

/** Returns whether there are executions, every one succeeded, and the job was not canceled. */
export function allSucceeded({ status, counts, total }: JobSummary): boolean {
  return status !== "CANCELED" && total > 0 && counts.succeeded === total;
}

/** Counts executions for a service that sends no counts: other implementations of the API leave them out. */
export function countOf(things: readonly ThingSummary[]): Pick<JobSummary, "counts" | "total"> {
  const keys = Object.values(COUNT_KEYS);
  const counts = Object.fromEntries(keys.map((key) => [key, 0])) as Record<(typeof keys)[number], number>;
  for (const { status } of things) counts[COUNT_KEYS[status]] += 1;
  return { counts, total: things.length };
}

/** Returns the causes of failure among `things`, and how many failures were read. */
export function causesOf(things: readonly ThingSummary[]): Pick<JobSummary, "causes" | "causesRead"> {
  const failures = things.filter(({ status }) => isFailure(status));
  if (failures.length === 0) return {};
  return { causes: groupCauses(failures), causesRead: failures.length };
}

async function readAll(iot: Iot, jobId: string, reports: Reports): Promise<ThingSummary[]> {
  const executions: Execution[] = [];
  for await (const execution of listExecutions(iot, jobId)) executions.push(execution);
  executions.sort(byThing);
  // A thing that has not started has no report to read.
  const started = executions.filter(({ status }) => status !== "QUEUED");
  return await reports.of(executions, started);
}

/** Adds to `failed` up to `budget` failures whose causes are not known yet, from the first page of each status. */
async function readFailures(
  iot: Iot,
  { jobId, counts }: JobDescription,
  { failed, budget }: { failed: Map<string, Execution>; budget: number },
): Promise<void> {
  if (failed.size >= failureCount(counts)) return;
  let left = budget;
  for (const status of failingStatuses(counts).slice(0, budget)) {
    let seen = 0;
    if (left === 0) return;
    for await (const execution of listExecutions(iot, jobId, status)) {
      const key = `${execution.executionNumber} ${execution.thing}`;
      if (!failed.has(key)) {
        failed.set(key, execution);
        left -= 1;
      }
      seen += 1;
      if (left === 0 || seen === LIST_PAGE_MAX) break;
    }
  }
}

/** Compares by name, then by attempt. */
export function byThing(a: Execution, b: Execution): number {
  return compareNames(a.thing, b.thing) || a.executionNumber - b.executionNumber;
}
