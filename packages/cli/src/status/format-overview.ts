import { cutPainted } from "../terminal/paint.js";
import { formatBar, formatCounts, paintStatus } from "./fleet.js";
import type { View } from "./format.js";
import type { Overview } from "./result.js";

const SMALL_BAR_WIDTH = 16;

/** A line for each job: id, state, bar, counts, age. */
export function formatOverview({ jobs, more }: Overview, { paint, time, columns, fota }: View): string {
  if (jobs.length === 0) {
    return `no job goes on, and none ended in the last 24 hours; \`${fota("list")}\` shows older ones`;
  }
  const idWidth = Math.max(...jobs.map(({ jobId }) => jobId.length));
  const statusWidth = Math.max(...jobs.map(({ status }) => status.length));
  const lines = jobs.map((job) => {
    const { jobId, status, total, completedAt, createdAt } = job;
    const padding = " ".repeat(statusWidth - status.length);
    const bar = total === 0 ? " ".repeat(SMALL_BAR_WIDTH) : formatBar(job, paint, SMALL_BAR_WIDTH);
    const at = completedAt ?? createdAt;
    const age = at === undefined ? "" : `${completedAt === undefined ? "began" : "ended"} ${time(at)}, `;
    const counts = total === 0 ? "no thing has it yet" : formatCounts(job, paint);
    const state = `${paintStatus(status, paint)}${padding}`;
    return cutPainted(`${paint("bold", jobId.padEnd(idWidth))}  ${state}  ${bar}  ${age}${counts}`, columns);
  });
  const rest = more ? [`\nmore go on: ${fota("list", "--status", "in-progress")}`] : [];
  return [...lines, ...rest].join("\n");
}
