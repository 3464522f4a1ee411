import { FotaError } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import { type Execution, listExecutions } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { withThrottleRetry } from "../aws/throttle-retry.js";
import type { Context } from "../context.js";
import { listMatching } from "../list/list.js";
import type { JobList } from "../list/result.js";
import { showJob } from "../show/show.js";
import { isFailure } from "../status/causes.js";
import { paceOf } from "../status/pace.js";
import { openReports } from "../status/reports.js";
import { causesOf, summaryOf } from "../status/summary.js";
import { answer, publishNeedsOf } from "../why/answer.js";
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
const RECENT_MS = 30 * 86_400_000;
const PAGE = 250;

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
  const { host, output } = context;
  const iot = withThrottleRetry(cloud.iot, {
    signal: host.signal,
    onWait: (delayMs) => onProgress(`AWS throttles requests: continuing in ${Math.ceil(delayMs / 1000)} s`),
  });
  const patient = { ...cloud, iot };
  const facts = await readFacts(patient, jobId, undefined);
  const now = new Date();
  const shown = await showJob(patient, jobId, { key: undefined, now });
  const all = await readExecutions(iot, jobId, host.signal, onProgress);
  const detailed = selectDetailed(all);
  onProgress(`reading the reports of ${detailed.length} things`);
  const executions = await openReports(iot, jobId).of(all, detailed);
  const isRead = new Set(detailed);
  onProgress("reading recent jobs");
  const jobs = await readJobs(iot, now, output.warn);
  return {
    now,
    job: facts.job,
    summary: {
      ...summaryOf(facts.job, now.getTime()),
      ...paceOf(facts.job, [], now.getTime()),
      ...causesOf(executions.filter((_, i) => isRead.has(all[i] as Execution))),
    },
    explanation: answer(context, cloud, facts, { thing: undefined, absolute: true }),
    shown,
    executions,
    detailsLeftOut: all.filter(isTelling).length - detailed.filter(isTelling).length,
    jobs: jobs.jobs,
    moreJobs: jobs.more,
    fota: output.fota,
    publish: publishNeedsOf(facts, context, cloud.s3.endpoint),
  };
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
    if (all.length % PAGE === 0) onProgress(`${all.length} executions read`);
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

async function readJobs(iot: Iot, now: Date, warn: (text: string) => void): Promise<JobList> {
  const since = new Date(now.getTime() - RECENT_MS);
  return await listMatching(
    iot,
    { statuses: [], target: undefined, since, limit: JOBS_MAX, details: "newest" },
    {
      onCount: () => {},
      onDenied: ({ message }) => warn(`the report lacks targets and outcomes of other jobs: ${message}`),
    },
  );
}
