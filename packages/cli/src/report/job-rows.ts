import type { ListedJobResult } from "../list/result.js";
import type { Tone } from "../pages/look.js";
import { jobRowColumns } from "../status/job-columns.js";
import { outcomeOf } from "../status/outcome.js";
import { formatTime } from "../terminal/format.js";
import type { Style } from "../terminal/paint.js";

/** Holds one job as a row of a table. */
export interface JobRow {
  jobId: string;
  firmware: string;
  target: string;
  outcome: string;
  tone: Tone;
  created: string;
  /** True for the job that the report is about. */
  isThis: boolean;
}

/** Holds the jobs around the one of the report. */
export interface JobHistory {
  /** The jobs that brought the same firmware to things, the first one first. */
  chain: readonly JobRow[];
  /** Other jobs, the newest first. */
  others: readonly JobRow[];
  /** True if there are more jobs than were read. */
  more: boolean;
}

const OTHERS_MAX = 10;
const TONES: Readonly<Record<Style, Tone>> = {
  green: "good",
  red: "bad",
  yellow: "warn",
  magenta: "off",
  cyan: "run",
  bold: "plan",
  dim: "wait",
};

/** Returns the chain of promotions of a job's firmware, and the other jobs. */
export function jobHistoryOf(jobId: string, jobs: readonly ListedJobResult[], more: boolean): JobHistory {
  const self = jobs.find((job) => job.jobId === jobId);
  const isSame = (job: ListedJobResult) =>
    job.jobId === jobId ||
    (self?.version !== undefined && job.version === self.version && job.image === self.image);
  const rows = (some: readonly ListedJobResult[]) => some.map((job) => rowOf(job, jobId));
  return {
    chain: rows(jobs.filter(isSame)).reverse(),
    others: rows(jobs.filter((job) => !isSame(job)).slice(0, OTHERS_MAX)),
    more: more || jobs.filter((job) => !isSame(job)).length > OTHERS_MAX,
  };
}

function rowOf(job: ListedJobResult, thisId: string): JobRow {
  const cells = new Map(
    jobRowColumns(formatTime, { utc: true }).map(({ name, value }) => [name, value(job)]),
  );
  const cell = (name: string) => cells.get(name) ?? "";
  return {
    jobId: job.jobId,
    firmware: cell("firmware"),
    target: cell("target"),
    outcome: cell("outcome"),
    tone: job.counts === undefined ? "plan" : TONES[outcomeOf({ ...job, counts: job.counts }).style],
    created: cell("created"),
    isThis: job.jobId === thisId,
  };
}
