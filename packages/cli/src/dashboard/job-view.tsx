import { isFotaError } from "@fota/shared";
import type { Execution } from "../aws/executions.js";
import { Commands } from "../pages/panel.js";
import { outcomeOf } from "../status/outcome.js";
import { thingSummary } from "../status/reports.js";
import type { JobSummary, ThingSummary } from "../status/result.js";
import { FEW_THINGS } from "../status/summary.js";
import type { Explanation } from "../why/result.js";
import { faultsPanel, Loading } from "./faults-panel.js";
import { OutcomeBadge, toneOfJob } from "./job-cells.js";
import { notFoundPanel } from "./not-found.js";
import type { PageView, PanelNode } from "./page-view.js";
import type { JobSources } from "./sources.js";
import { ThingsPanel } from "./things-panel.js";
import { pickThings, type ThingsQuery } from "./things-query.js";

/** The page of one job: the panels of `fota report`, live, with one page of its things. */
export function jobView(jobId: string, sources: JobSources, query: ThingsQuery): PageView {
  const { state, executions, explanation, shown } = sources;
  return {
    heading: jobId,
    sources: [state, executions, explanation, shown],
    watch: sources.watchReports,
    render(now) {
      const { value, fault } = state.reading;
      if (value === undefined && fault !== undefined && isFotaError(fault, "JOB_NOT_FOUND")) {
        return { title: `${jobId} - not found`, status: 404, panels: [notFoundPanel(fault)] };
      }
      const faults = faultsPanel([
        ["counts", state.reading],
        ["things", executions.reading],
        ["explanation", explanation.reading],
        ["image", shown.reading],
      ]);
      if (value === undefined) {
        return {
          title: jobId,
          status: 200,
          panels: [...faults, { id: "verdict", node: <Loading id="verdict" title="Job" wide /> }],
        };
      }
      const { summary } = value;
      return {
        title: `${outcomeOf(summary).short} - ${jobId}`,
        status: 200,
        panels: [
          ...faults,
          { id: "verdict", node: <VerdictPanel summary={summary} explanation={explanation.reading.value} /> },
          thingsPanel(summary, sources, query, now),
        ],
      };
    },
  };
}

function VerdictPanel({
  summary,
  explanation,
}: {
  summary: JobSummary;
  explanation: Explanation | undefined;
}) {
  return (
    <section id="verdict" class={`panel wide verdict ${toneOfJob(summary)}`} aria-labelledby="verdict-h">
      <p>
        <OutcomeBadge job={summary} /> <span class="dim">{summary.status}</span>
      </p>
      <h2 id="verdict-h">{explanation?.explanation ?? outcomeOf(summary).headline}</h2>
      <Commands steps={explanation?.next ?? []} />
    </section>
  );
}

function thingsPanel(summary: JobSummary, sources: JobSources, query: ThingsQuery, now: Date): PanelNode {
  const { value } = sources.executions.reading;
  if (value === undefined) return { id: "things", node: <Loading id="things" title="Things" wide /> };
  const picked = pickThings(value, query);
  const isSmall = summary.total <= FEW_THINGS; // the reports of a small job are in its summary
  if (!isSmall) sources.reports.want(picked.rows);
  const summaryOf = (execution: Execution): ThingSummary =>
    (isSmall ? summary.executions?.find((each) => isSame(each, execution)) : undefined) ??
    thingSummary(execution, sources.reports.find(execution) ?? {});
  return {
    id: "things",
    node: (
      <ThingsPanel picked={picked} query={query} counts={summary.counts} summaryOf={summaryOf} now={now} />
    ),
  };
}

function isSame(a: Pick<Execution, "thing" | "executionNumber">, b: Execution): boolean {
  return a.thing === b.thing && a.executionNumber === b.executionNumber;
}
