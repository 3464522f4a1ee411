import { LIST_PAGE_MAX } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import type { Iot } from "../aws/iot.js";
import { describeJob, type JobDescription, type ListedJob, listJobs } from "../aws/jobs.js";
import { wallClockMs } from "../wall-clock.js";
import { paceOf } from "./pace.js";
import type { Overview } from "./result.js";
import { summaryOf } from "./summary.js";

const IN_PROGRESS_MAX = 10;
const ENDED_MAX = 5;
const RECENT_MS = 86_400_000;
/** Reads one page of jobs: AWS lists the newest first, although it does not promise to. */
const LATEST = LIST_PAGE_MAX;

export interface OverviewOptions {
  /** @default 10 */
  inProgressMax?: number;
  /** @default 5 */
  endedMax?: number;
  /** Reads one of the listed jobs; by default with a request each. */
  describe?: (listed: ListedJob) => Promise<JobDescription>;
}

/** Reads the jobs in progress, and those that ended in the last 24 hours. */
export async function readOverview(
  iot: Iot,
  {
    inProgressMax = IN_PROGRESS_MAX,
    endedMax = ENDED_MAX,
    describe = ({ jobId }) => describeJob(iot, jobId),
  }: OverviewOptions = {},
): Promise<Overview> {
  const nowMs = wallClockMs();
  const found = new Map<string, ListedJob>();
  for await (const job of listJobs(iot)) {
    found.set(job.jobId, job);
    if (found.size === LATEST) break;
  }
  // The page may have all jobs of the account; only older ones take more requests.
  for (const status of found.size < LATEST ? [] : (["IN_PROGRESS", "SCHEDULED"] as const)) {
    for await (const job of listJobs(iot, { status })) found.set(job.jobId, job);
  }
  const jobs = [...found.values()].sort((a, b) => timeOf(b.createdAt) - timeOf(a.createdAt));
  const inProgress = jobs.filter((job) => !isOver(job));
  const ended = jobs
    .filter((job) => isOver(job) && endOf(job) > nowMs - RECENT_MS)
    .sort((a, b) => endOf(b) - endOf(a));
  const shown = [...inProgress.slice(0, inProgressMax), ...ended.slice(0, endedMax)];
  const summaries = await mapAtOnce(shown, REQUESTS_AT_ONCE, async (listed) => {
    const job = await describe(listed);
    return { ...summaryOf(job, nowMs), ...paceOf(job, [], nowMs) };
  });
  return { jobs: summaries, more: inProgress.length > inProgressMax };
}

/** Returns whether a job has ended. Other implementations of the API have their own statuses for jobs that have not. */
function isOver({ status }: ListedJob): boolean {
  return status === "COMPLETED" || status === "CANCELED" || status === "DELETION_IN_PROGRESS";
}

function endOf({ completedAt, lastUpdatedAt }: ListedJob): number {
  return timeOf(completedAt ?? lastUpdatedAt);
}

function timeOf(time: Date | undefined): number {
  return time?.getTime() ?? 0;
}
