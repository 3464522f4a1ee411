import type { Tone } from "../pages/look.js";
import { formatNumber } from "../pages/numbers.js";
import { failureCount } from "../status/causes.js";
import type { JobSummary, Overview } from "../status/result.js";

/** Says whether a job needs attention now. */
export interface Attention {
  tone: Tone;
  text: string;
  /** The job to look at first: the one in progress with most failures, else the last one that ended with failures. */
  worst: JobSummary | undefined;
}

export function attentionOf({ jobs, more }: Overview): Attention {
  const open = jobs.filter((job) => !isOver(job));
  const failing = open.filter(hasFailures);
  const failed = jobs.filter((job) => isOver(job) && hasFailures(job));
  const [worst] = [...failing].sort((a, b) => failureCount(b.counts) - failureCount(a.counts));
  const text = [...openTexts(open, more), ...failedText(failed.length)].join("; ");
  if (worst !== undefined) return { tone: "warn", text, worst };
  if (failed.length > 0) return { tone: "bad", text, worst: failed[0] };
  return { tone: open.length === 0 ? "good" : "run", text, worst: undefined };
}

/** Returns whether nothing of a job goes on. Things in progress continue when their job is canceled. */
export function isOver({ status, counts }: JobSummary): boolean {
  if (status === "COMPLETED" || status === "DELETION_IN_PROGRESS") return true;
  return status === "CANCELED" && counts.inProgress === 0;
}

function hasFailures({ counts }: JobSummary): boolean {
  return failureCount(counts) > 0;
}

/** Returns whether a job waits for its start or its next window. */
export function isScheduled({ status }: JobSummary): boolean {
  return status === "SCHEDULED";
}

/** Describes the jobs that are not over; a job that is scheduled is not in progress. */
function openTexts(open: readonly JobSummary[], more: boolean): string[] {
  const running = open.filter((job) => !isScheduled(job));
  const scheduled = open.filter(isScheduled);
  if (open.length === 0) return ["No job is in progress"];
  return [
    ...(running.length === 0 ? [] : [openText(running, "in progress", more)]),
    ...(scheduled.length === 0 ? [] : [openText(scheduled, "scheduled", more)]),
  ];
}

function openText(jobs: readonly JobSummary[], state: "in progress" | "scheduled", more: boolean): string {
  const count = jobs.length;
  const failing = jobs.filter(hasFailures).length;
  const text =
    count === 1 && !more
      ? `1 job is ${state}`
      : `${formatNumber(count)}${more ? " or more" : ""} jobs are ${state}`;
  if (failing > 0) return `${text}, ${count === 1 ? "" : `${formatNumber(failing)} `}with failures`;
  return state === "scheduled" ? text : `${text}, without failures`;
}

function failedText(failed: number): string[] {
  if (failed === 0) return [];
  const jobs = failed === 1 ? "1 job" : `${formatNumber(failed)} jobs`;
  return [`${jobs} ended with failures in the last 24 hours`];
}
