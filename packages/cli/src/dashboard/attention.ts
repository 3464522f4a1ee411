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
  const running = jobs.filter((job) => !isOver(job));
  const failing = running.filter(hasFailures);
  const failed = jobs.filter((job) => isOver(job) && hasFailures(job));
  const [worst] = [...failing].sort((a, b) => failureCount(b.counts) - failureCount(a.counts));
  const text = [runningText(running.length, failing.length, more), ...failedText(failed.length)].join("; ");
  if (worst !== undefined) return { tone: "warn", text, worst };
  if (failed.length > 0) return { tone: "bad", text, worst: failed[0] };
  return { tone: running.length === 0 ? "good" : "run", text, worst: undefined };
}

/** Returns whether nothing of a job goes on. Things in progress continue when their job is canceled. */
export function isOver({ status, counts }: JobSummary): boolean {
  if (status === "COMPLETED" || status === "DELETION_IN_PROGRESS") return true;
  return status === "CANCELED" && counts.inProgress === 0;
}

function hasFailures({ counts }: JobSummary): boolean {
  return failureCount(counts) > 0;
}

function runningText(running: number, failing: number, more: boolean): string {
  if (running === 0) return "No job is in progress";
  const jobs =
    running === 1 && !more
      ? "1 job is in progress"
      : `${formatNumber(running)}${more ? " or more" : ""} jobs are in progress`;
  if (failing === 0) return `${jobs}, without failures`;
  return `${jobs}, ${running === 1 ? "" : `${formatNumber(failing)} `}with failures`;
}

function failedText(failed: number): string[] {
  if (failed === 0) return [];
  const jobs = failed === 1 ? "1 job" : `${formatNumber(failed)} jobs`;
  return [`${jobs} ended with failures in the last 24 hours`];
}
