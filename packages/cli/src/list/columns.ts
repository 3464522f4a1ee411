import { statusStyle } from "../status/fleet.js";
import { jobRowColumns } from "../status/job-columns.js";
import type { Column } from "../terminal/table.js";
import type { ListedJobResult } from "./result.js";

/** Returns the columns without `--columns`. */
export function usualColumns({
  counts,
  ofThing,
  csv,
  utc,
}: {
  counts: boolean;
  ofThing: boolean;
  csv: boolean;
  utc: boolean;
}): string[] {
  const execution = ofThing ? ["execution"] : [];
  const numbers = counts ? COUNT_COLUMNS : [];
  // A program that reads CSV relies on fixed columns, and pays a request per job only if it asks for such columns.
  if (csv) return ["job", "status", ...execution, "kind", "created", "updated", "ended", ...numbers];
  return ["job", "firmware", "target", ...execution, "outcome", utc ? "created" : "age", ...numbers];
}

/** Lists the columns that take a request for each listed job. */
export const COUNT_COLUMNS = ["total", "succeeded", "unsuccessful", "pending"];
/** Lists the columns that also take a request per job; without it they show what AWS's list has. */
export const DETAIL_COLUMNS = ["firmware", "target", "outcome", "description"];

/** Returns all columns that `--columns` accepts for jobs. */
export function jobColumns(
  time: (iso: string) => string,
  { counts = false } = {},
): Column<ListedJobResult>[] {
  const at = (iso: string | undefined) => (iso === undefined ? "" : time(iso));
  const pendingOf = ({ counts }: ListedJobResult) =>
    counts === undefined ? undefined : counts.queued + counts.inProgress;
  const number = (value: number | undefined) => (value === undefined ? "" : String(value));
  return [
    // The counts say what the outcome does, so it is the first to go where the line is too short for both.
    ...jobRowColumns(time).map((column) =>
      counts && column.name === "outcome" ? { ...column, dropOrder: 4 } : column,
    ),
    { name: "status", value: ({ status }) => status, style: ({ status }) => statusStyle(status) },
    {
      name: "execution",
      value: ({ execution }) => execution ?? "",
      style: ({ execution }) => (execution === undefined ? undefined : statusStyle(execution)),
    },
    { name: "kind", value: ({ continuous }) => (continuous ? "continuous" : "snapshot") },
    { name: "created", value: ({ createdAt }) => at(createdAt) },
    { name: "updated", value: ({ lastUpdatedAt }) => at(lastUpdatedAt) },
    { name: "ended", value: ({ completedAt }) => at(completedAt) },
    { name: "total", value: ({ total }) => number(total), right: true },
    { name: "succeeded", value: ({ counts }) => number(counts?.succeeded), right: true },
    {
      name: "unsuccessful",
      value: (job) =>
        job.counts === undefined || job.total === undefined
          ? ""
          : String(job.total - job.counts.succeeded - (pendingOf(job) ?? 0)),
      right: true,
    },
    { name: "pending", value: (job) => number(pendingOf(job)), right: true },
    { name: "description", value: ({ description }) => description ?? "" },
    { name: "arn", value: ({ jobArn }) => jobArn },
  ];
}
