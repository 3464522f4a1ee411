import { type JobExecutionStatus, LIST_PAGE_MAX } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { listExecutionsOfThing } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { describeJob, type ExecutionCounts, type ListedJob, listJobs } from "../aws/jobs.js";
import { targetArn } from "../aws/target-arn.js";
import { given } from "../given.js";
import { totalOf } from "../status/pace.js";
import type { ListQuery } from "./query.js";
import type { JobList, ListedJobResult } from "./result.js";

interface Found extends ListedJob {
  execution?: JobExecutionStatus;
  counts?: ExecutionCounts;
}

/**
 * Lists jobs, newest first. AWS does not promise an order, but keeps to it in the large: so what is shown is sorted, of
 * a page of 250 jobs at least, and reading ends with a page that is too old.
 * @throws {FotaError} THING_NOT_FOUND, GROUP_NOT_FOUND
 */
export async function listMatching(
  iot: Iot,
  query: ListQuery,
  onCount: (count: number) => void,
): Promise<JobList> {
  const { target, limit, counts } = query;
  const found = target?.kind === "thing" ? await jobsOfThing(iot, query) : await jobs(iot, query, onCount);
  const newest = found.jobs.sort((a, b) => timeOf(b) - timeOf(a));
  const shown = newest.slice(0, limit);
  const detailed = counts ? await mapAtOnce(shown, REQUESTS_AT_ONCE, (job) => withCounts(iot, job)) : shown;
  return { jobs: detailed.map(resultOf), more: found.more || newest.length > limit };
}

async function jobs(
  iot: Iot,
  { statuses, target, since, limit }: ListQuery,
  onCount: (count: number) => void,
): Promise<{ jobs: Found[]; more: boolean }> {
  if (target !== undefined) await targetArn(iot, target);
  const group = target === undefined ? {} : { thingGroupName: target.name };
  const found: Found[] = [];
  let more = false;
  let seen = 0;
  for (const status of statuses.length === 0 ? [undefined] : statuses) {
    const matching: Found[] = [];
    let tooOld = 0;
    for await (const job of listJobs(iot, { ...group, ...(status !== undefined && { status }) })) {
      seen += 1;
      if (seen % LIST_PAGE_MAX === 0) onCount(seen);
      if (matching.length >= Math.max(limit, LIST_PAGE_MAX)) {
        more = true;
        break;
      }
      const isOld = since !== undefined && job.createdAt !== undefined && job.createdAt < since;
      tooOld = isOld ? tooOld + 1 : 0;
      if (tooOld === LIST_PAGE_MAX) break;
      if (!isOld) matching.push(job);
    }
    found.push(...matching);
  }
  return { jobs: found, more };
}

/** What a thing has to do and had: AWS knows these by its executions, so that each job is asked for. */
async function jobsOfThing(
  iot: Iot,
  { statuses, target, since, limit }: ListQuery,
): Promise<{ jobs: Found[]; more: boolean }> {
  const name = target?.name ?? "";
  const executions = new Map<string, { status: JobExecutionStatus; queuedAt: Date | undefined }>();
  for await (const { jobId, status, queuedAt } of listExecutionsOfThing(iot, name)) {
    const before = executions.get(jobId);
    if (before === undefined || timeOf({ createdAt: queuedAt }) > timeOf({ createdAt: before.queuedAt })) {
      executions.set(jobId, { status, queuedAt });
    }
  }
  const newest = [...executions]
    .filter(([, { queuedAt }]) => since === undefined || queuedAt === undefined || queuedAt >= since)
    .sort(([, a], [, b]) => timeOf({ createdAt: b.queuedAt }) - timeOf({ createdAt: a.queuedAt }));
  const found: Found[] = [];
  let read = 0;
  while (read < newest.length && found.length < limit) {
    const next = newest.slice(read, read + limit - found.length);
    read += next.length;
    const described = await mapAtOnce(next, REQUESTS_AT_ONCE, async ([jobId, { status }]) => ({
      ...(await describeJob(iot, jobId)),
      execution: status,
    }));
    found.push(
      ...described.filter((job) => statuses.length === 0 || statuses.some((status) => status === job.status)),
    );
  }
  return { jobs: found, more: read < newest.length };
}

async function withCounts(iot: Iot, job: Found): Promise<Found> {
  return { ...job, counts: job.counts ?? (await describeJob(iot, job.jobId)).counts };
}

function resultOf(job: Found): ListedJobResult {
  const { jobId, jobArn, status, continuous, createdAt, lastUpdatedAt, completedAt, execution, counts } = job;
  return {
    jobId,
    jobArn,
    status,
    continuous,
    ...given({
      createdAt: createdAt?.toISOString(),
      lastUpdatedAt: lastUpdatedAt?.toISOString(),
      completedAt: completedAt?.toISOString(),
    }),
    ...(execution && { execution }),
    ...(counts && { counts, total: totalOf(counts) }),
  };
}

function timeOf({ createdAt }: { createdAt: Date | undefined }): number {
  return createdAt?.getTime() ?? 0;
}
