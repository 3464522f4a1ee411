import { firmwareText } from "../job/firmware.js";
import { targetNameOf } from "../job/targets.js";
import type { Column } from "../terminal/table.js";
import { statusStyle } from "./fleet.js";
import { outcomeOf } from "./outcome.js";
import type { JobSummary } from "./result.js";

/** Holds the fields that distinguish jobs in a list. Without counts, a row has only what AWS's list of jobs returns. */
export type JobRow = Pick<
  JobSummary,
  | "jobId"
  | "status"
  | "continuous"
  | "version"
  | "image"
  | "targets"
  | "queries"
  | "targetsToGo"
  | "createdAt"
> & { counts?: JobSummary["counts"] | undefined };

/**
 * Returns the columns of every list of jobs. Ids are never cut. The firmware column is dropped first, because ids made
 * by fota contain it. `time` formats a time: relative, or absolute with `utc`.
 */
export function jobRowColumns(time: (iso: string) => string, { utc = false } = {}): Column<JobRow>[] {
  return [
    { name: "job", value: ({ jobId }) => jobId, style: () => "bold" },
    { name: "firmware", value: firmwareText, shrinkTo: 8, dropOrder: 3 },
    { name: "target", value: targetText, shrinkTo: 12, dropOrder: 1 },
    { name: "outcome", value: outcomeText, style: outcomeStyle, shrinkTo: 28 },
    { name: utc ? "created" : "age", value: ({ createdAt }) => ageText(createdAt, time), dropOrder: 2 },
  ];
}

/** Formats targets as in `pump-7`, `group:beta (continuous)`, `query:attributes.model:m1`, `pump-7 +3`. */
function targetText({ targets, queries, continuous }: JobRow): string {
  const [first, ...others] = targets ?? [];
  if (first === undefined) return continuous ? "continuous" : "";
  const more = others.length === 0 ? "" : ` +${others.length}`;
  return `${targetNameOf(first, queries)}${more}${continuous ? " (continuous)" : ""}`;
}

function outcomeText(job: JobRow): string {
  const { counts, status } = job;
  return counts === undefined ? status : outcomeOf({ ...job, counts }).short;
}

function outcomeStyle(job: JobRow) {
  const { counts, status } = job;
  return counts === undefined ? statusStyle(status) : outcomeOf({ ...job, counts }).style;
}

/** Formats an age as in `3 min`, without "ago". */
function ageText(createdAt: string | undefined, time: (iso: string) => string): string {
  return createdAt === undefined ? "" : time(createdAt).replace(/ ago$/, "");
}
