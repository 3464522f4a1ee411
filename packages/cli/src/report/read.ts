import { FotaError, isFotaError, LIST_PAGE_MAX } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import { type Execution, listExecutions } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import type { JobDescription } from "../aws/jobs.js";
import { withThrottleRetry } from "../aws/throttle-retry.js";
import type { Context } from "../context.js";
import { openFleet } from "../fleet/fleet.js";
import type { Fleet } from "../fleet/result.js";
import { given } from "../given.js";
import { listMatching } from "../list/list.js";
import type { JobList } from "../list/result.js";
import { showJob } from "../show/show.js";
import { isFailure } from "../status/causes.js";
import { paceOf } from "../status/pace.js";
import { openReports } from "../status/reports.js";
import type { JobSummary, ThingSummary } from "../status/result.js";
import { causesOf, countOf, summaryOf } from "../status/summary.js";
import { findUnreached, type Unreached } from "../status/unreached.js";
import { answer, publishNeedsOf } from "../why/answer.js";
import type { Facts } from "../why/facts.js";
import { readFacts } from "../why/read.js";
import type { ReportInput } from "./report-model.js";

/** Limits the failures whose cause is read: each takes a request. */
const FAILURES_MAX = 150;
/** Limits the things in progress whose report is read. */
const IN_PROGRESS_MAX = 60;
/** A job with more things reads no report of those that succeeded. */
const SMALL_JOB = 40;
/** Limits the recent jobs that are read: the counts of each take a request. */
const JOBS_MAX = 30;
/** Limits the things of groups that are listed for a canceled job. */
const GROUP_LISTED_MAX = 50_000;
const RECENT_MS = 30 * 86_400_000;

/**
 * Reads everything about one job that a report shows. Executions take a request for each 250; recent jobs, up to 30,
 * and reports of things, up to 210, take a request each.
 * @throws {FotaError} JOB_NOT_FOUND, INTERRUPTED and translated AWS errors
 */
export async function readReport(
  context: Context,
  cloud: Cloud,
  jobId: string,
  onProgress: (text: string) => void,
): Promise<ReportInput> {
  const { signal } = context.host;
  const iot = withThrottleRetry(cloud.iot, {
    signal,
    onWait: (delayMs) => onProgress(`AWS throttles requests: continuing in ${Math.ceil(delayMs / 1000)} s`),
  });
  const patient = { ...cloud, iot };
  const facts = await readFacts(patient, jobId, undefined);
  const now = new Date();
  const shown = await showJob(patient, jobId, { key: undefined, now });
  const all = await readExecutions(iot, jobId, signal, onProgress);
  const asked = selectDetailed(all);
  onProgress(`reading the reports of ${asked.length} things`);
  const unknown: string[] = [];
  const reports = openReports(iot, jobId);
  const detailed = await ifAllowed(reports.of(all, asked), unknown);
  const executions = detailed ?? (await reports.of(all, []));
  onProgress("reading recent jobs");
  const jobs = (await ifAllowed(readRecentJobs(iot, now, unknown), unknown)) ?? { jobs: [], more: false };
  onProgress("counting versions");
  const fleet = await ifAllowed(readIndexedFleet(iot, facts.job, now), unknown);
  const unreached = await unreachedBy(iot, facts, executions);
  const explanation = answer(context, cloud, { ...facts, unreached }, { thing: undefined, absolute: true });
  return {
    now,
    job: facts.job,
    summary: {
      ...summaryWith(facts.job, executions, detailed === undefined ? [] : asked, now),
      ...given({ unreached }),
    },
    explanation: { ...explanation, unknown: [...new Set([...explanation.unknown, ...unknown])] },
    shown,
    executions,
    detailsLeftOut:
      all.filter(isTelling).length - (detailed === undefined ? 0 : asked.filter(isTelling).length),
    jobs: jobs.jobs,
    moreJobs: jobs.more,
    fleet,
    fota: context.output.fota,
    publish: publishNeedsOf(facts, context, cloud.s3.endpoint),
  };
}

/** Counts the things that a canceled job had not reached; of a large one with all its executions. */
async function unreachedBy(
  iot: Iot,
  { job, unreached }: Facts,
  executions: readonly ThingSummary[],
): Promise<Unreached | undefined> {
  if (unreached === undefined || unreached.isExact) return unreached;
  const things = executions.map(({ thing }) => thing);
  return await findUnreached(iot, { ...job, total: things.length }, things, GROUP_LISTED_MAX);
}

/** Summarizes the job with the causes of the failures that were read. */
function summaryWith(
  job: JobDescription,
  executions: readonly ThingSummary[],
  read: readonly Execution[],
  now: Date,
): JobSummary {
  const summary = summaryOf(job, now.getTime());
  const keyOf = ({ thing, executionNumber }: Execution | ThingSummary) => `${executionNumber} ${thing}`;
  const isRead = new Set(read.map(keyOf));
  return {
    ...summary,
    ...(summary.total === 0 && countOf(executions)),
    ...paceOf(job, [], now.getTime()),
    ...causesOf(executions.filter((execution) => isRead.has(keyOf(execution)))),
  };
}

/** Returns what the things of the account run; `undefined` if no index tells: jobs as the source take too long. */
async function readIndexedFleet(
  iot: Iot,
  { packageArns: [arn = ""] }: JobDescription,
  now: Date,
): Promise<Fleet | undefined> {
  const [, name] = /:package\/([^/]+)\//.exec(arn) ?? [];
  const reader = await openFleet(iot, { now, lastJobs: false, package: name });
  return reader.head.source === "jobs" ? undefined : await reader.overview();
}

/** Returns what was read; `undefined` if the service refuses it, which is then in `unknown`. */
async function ifAllowed<T>(reading: Promise<T>, unknown: string[]): Promise<T | undefined> {
  return await reading.catch((error: unknown) => {
    // Other implementations of the API lack some operations.
    if (!isFotaError(error, "ACCESS_DENIED") && !isFotaError(error, "AWS_ERROR")) throw error;
    unknown.push(error.hint === undefined ? error.message : `${error.message}; ${error.hint}`);
    return undefined;
  });
}

async function readExecutions(
  iot: Iot,
  jobId: string,
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<Execution[]> {
  const all: Execution[] = [];
  for await (const execution of listExecutions(iot, jobId)) {
    if (signal.aborted) throw new FotaError("INTERRUPTED", "interrupted; nothing was written");
    all.push(execution);
    if (all.length % LIST_PAGE_MAX === 0) onProgress(`${all.length} executions read`);
  }
  return all;
}

/** Selects the executions whose reports tell most: failures, and things in progress with the oldest report. */
function selectDetailed(all: readonly Execution[]): Execution[] {
  const timeOf = ({ lastUpdatedAt }: Execution) => lastUpdatedAt?.getTime() ?? 0;
  return [
    ...all.filter(({ status }) => isFailure(status)).slice(0, FAILURES_MAX),
    ...all
      .filter(({ status }) => status === "IN_PROGRESS")
      .sort((a, b) => timeOf(a) - timeOf(b))
      .slice(0, IN_PROGRESS_MAX),
    ...(all.length > SMALL_JOB ? [] : all.filter(({ status }) => status === "SUCCEEDED")),
  ];
}

/** Returns whether a device has something to report about the execution beyond its status. */
function isTelling({ status }: Execution): boolean {
  return isFailure(status) || status === "IN_PROGRESS";
}

/** Reads the jobs of the last 30 days, up to 30, the newest first. Adds to `unknown` what may not be read. */
export async function readRecentJobs(iot: Iot, now: Date, unknown: string[]): Promise<JobList> {
  const since = new Date(now.getTime() - RECENT_MS);
  return await listMatching(
    iot,
    { statuses: [], target: undefined, since, limit: JOBS_MAX, details: "newest" },
    { onCount: () => {}, onDenied: ({ message }) => unknown.push(message) },
  );
}
