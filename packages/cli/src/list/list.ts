import { type FotaError, isFotaError, type JobExecutionStatus, LIST_PAGE_MAX } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { listExecutionsOfThing } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { describeJob, type JobDescription, type ListedJob, listJobs } from "../aws/jobs.js";
import { suggestThings, targetArn } from "../aws/target-arn.js";
import { given } from "../given.js";
import { firmwareIn } from "../job/firmware.js";
import { withTargetQueries } from "../job/target-queries.js";
import { totalOf } from "../status/pace.js";
import type { ListQuery } from "./query.js";
import type { JobList, ListedJobResult } from "./result.js";

interface Found extends ListedJob {
  execution?: JobExecutionStatus;
  /** Holds the details beyond AWS's list. */
  details?: JobDescription;
}

/** Receives progress while a list is read. */
export interface ListingPorts {
  onCount(count: number): void;
  /** Called when details may not be read; the list then has none. */
  onDenied(error: FotaError): void;
}

/** Takes ten seconds at AWS's limit of ten requests per second. */
export const DETAILED_MAX = 100;

/**
 * Lists jobs, newest first. AWS does not promise this order, and keeps it only roughly: so at least a page of 250 jobs
 * is sorted, and reading stops after a page that is too old.
 * @throws {FotaError} THING_NOT_FOUND, GROUP_NOT_FOUND
 */
export async function listMatching(
  iot: Iot,
  query: ListQuery,
  { onCount, onDenied }: ListingPorts,
): Promise<JobList> {
  const { target, limit, details } = query;
  const found =
    target?.kind === "thing"
      ? await jobsOfThing(iot, query, target.name).catch(suggestThings(iot, target.name))
      : await jobs(iot, query, onCount);
  const newest = found.jobs.sort((a, b) => timeOf(b) - timeOf(a));
  const shown = newest.slice(0, limit);
  const detailed = await withDetails(iot, shown, details).catch((error: unknown) => {
    if (details === "all" || !isFotaError(error, "ACCESS_DENIED")) throw error;
    onDenied(error);
    return shown;
  });
  return {
    jobs: await withTargetQueries(iot, detailed.map(resultOf)),
    more: found.more || newest.length > limit,
  };
}

async function withDetails(iot: Iot, jobs: readonly Found[], of: ListQuery["details"]): Promise<Found[]> {
  const count = { none: 0, newest: DETAILED_MAX, all: jobs.length }[of];
  const detailed = await mapAtOnce(jobs.slice(0, count), REQUESTS_AT_ONCE, async (job) => ({
    ...job,
    ...given({ details: job.details ?? (await describeIfThere(iot, job.jobId)) }),
  }));
  return [...detailed, ...jobs.slice(count)];
}

/** Reads a job; `undefined` if it was deleted after the list was read. */
async function describeIfThere(iot: Iot, jobId: string): Promise<JobDescription | undefined> {
  return await describeJob(iot, jobId).catch((error: unknown) => {
    if (isFotaError(error, "JOB_NOT_FOUND")) return undefined;
    throw error;
  });
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

/** Lists a thing's jobs. AWS lists only its executions, so each job takes a request. */
async function jobsOfThing(
  iot: Iot,
  { statuses, since, limit }: ListQuery,
  name: string,
): Promise<{ jobs: Found[]; more: boolean }> {
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
    const described = await mapAtOnce(next, REQUESTS_AT_ONCE, async ([jobId, { status }]) => {
      const details = await describeJob(iot, jobId);
      return { ...details, details, execution: status };
    });
    found.push(
      ...described.filter((job) => statuses.length === 0 || statuses.some((status) => status === job.status)),
    );
  }
  return { jobs: found, more: read < newest.length };
}

function resultOf(job: Found): ListedJobResult {
  const { jobId, jobArn, status, continuous, createdAt, lastUpdatedAt, completedAt, execution, details } =
    job;
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
    ...(details && resultOfDetails(details)),
  };
}

function resultOfDetails({ status, description, targetArns, pendingTargets, counts }: JobDescription) {
  return {
    ...given({ description }),
    ...firmwareIn(description),
    ...(targetArns.length > 0 && { targets: targetArns }),
    ...(status === "IN_PROGRESS" && pendingTargets > 0 && { targetsToGo: pendingTargets }),
    counts,
    total: totalOf(counts),
  };
}

function timeOf({ createdAt }: { createdAt: Date | undefined }): number {
  return createdAt?.getTime() ?? 0;
}
