import { formatTable } from "../terminal/table.js";
import type { View } from "./format.js";
import { jobRowColumns } from "./job-columns.js";
import type { Overview } from "./result.js";

/** Formats a row for each job, those in progress first. */
export function formatOverview(
  { jobs, more }: Overview,
  { paint, time, columns, fota }: View,
  { utc }: { utc: boolean },
): string {
  if (jobs.length === 0) {
    return `no job is in progress, and none ended in the last 24 hours; \`${fota("list")}\` shows older ones`;
  }
  const table = formatTable(jobs, jobRowColumns(time, { utc }), paint, columns);
  return more ? `${table}\n\nmore are in progress: ${fota("list", "--status", "in-progress")}` : table;
}
