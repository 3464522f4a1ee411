import type { Execution } from "../aws/executions.js";
import { formatNumber } from "../pages/numbers.js";
import { thingSummary } from "../status/reports.js";
import type { JobSummary, ThingSummary } from "../status/result.js";
import { FEW_THINGS } from "../status/summary.js";
import { Loading } from "./faults-panel.js";
import type { JobSources } from "./job-sources.js";
import type { PanelNode } from "./page-view.js";
import { ThingsPanel } from "./things-panel.js";
import { pickThings, type ThingsQuery } from "./things-query.js";

const QUIET_MAX = 8;

/** Returns the panel with one page of the things of a job, and asks for the reports of those in it. */
export function thingsPanel(
  summary: JobSummary,
  sources: JobSources,
  query: ThingsQuery,
  now: Date,
): PanelNode {
  const { value } = sources.executions.reading;
  if (value === undefined) {
    const what = `${formatNumber(summary.total)} executions `;
    return { id: "things", node: <Loading id="things" title="Things" what={what} wide /> };
  }
  const picked = pickThings(value, query);
  const describe = describer(summary, sources);
  if (!isSmall(summary)) sources.reports.want([...picked.rows, ...quietest(value)]);
  return {
    id: "things",
    node: (
      <ThingsPanel picked={picked} query={query} counts={summary.counts} summaryOf={describe} now={now} />
    ),
  };
}

/** Returns a function that adds to an execution what its thing reported, as far as it was read. */
export function describer(
  summary: JobSummary,
  { reports }: JobSources,
): (execution: Execution) => ThingSummary {
  const known = isSmall(summary) ? (summary.executions ?? []) : [];
  return (execution) =>
    known.find(
      ({ thing, executionNumber }) =>
        thing === execution.thing && executionNumber === execution.executionNumber,
    ) ?? thingSummary(execution, reports.find(execution) ?? {});
}

/** Returns the things in progress with the oldest reports, which another panel shows. */
function quietest(executions: readonly Execution[]): Execution[] {
  return executions
    .filter(({ status }) => status === "IN_PROGRESS")
    .sort((a, b) => (a.lastUpdatedAt?.getTime() ?? 0) - (b.lastUpdatedAt?.getTime() ?? 0))
    .slice(0, QUIET_MAX);
}

/** Returns whether the counts of a job come with all of its reports. */
function isSmall({ total }: JobSummary): boolean {
  return total <= FEW_THINGS;
}
