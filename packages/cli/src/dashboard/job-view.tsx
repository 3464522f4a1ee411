import { isFotaError } from "@fota/shared";
import { outcomeOf } from "../status/outcome.js";
import { Loading } from "./faults-panel.js";
import { jobPanels } from "./job-panels.js";
import { notFoundPanel } from "./not-found.js";
import type { PageContent, PageView, Part } from "./page-view.js";
import type { Sources } from "./sources.js";
import { thingsPanel } from "./things-of-job.js";
import type { ThingsQuery } from "./things-query.js";

/** The page of one job: the panels of `fota report`, live, with one page of its things. */
export function jobView(
  jobId: string,
  { history, job }: Pick<Sources, "history" | "job">,
  query: ThingsQuery,
  fota: (...command: string[]) => string,
): PageView {
  const sources = job(jobId);
  const { state, executions, explanation, shown } = sources;

  function render(now: Date): PageContent {
    const { value, fault } = state.reading;
    if (value === undefined && fault !== undefined && isFotaError(fault, "JOB_NOT_FOUND")) {
      return { title: `${jobId} - not found`, status: 404, panels: [notFoundPanel(fault)], parts: [] };
    }
    const parts: Part[] = [
      ["counts", state.reading],
      ["things", executions.reading],
      ["explanation", explanation.reading],
      ["image", shown.reading],
      ["other jobs", history.reading],
    ];
    if (value === undefined) {
      const loading = { id: "verdict", node: <Loading id="verdict" title="Job" wide /> };
      return { title: jobId, status: 200, panels: [loading], parts };
    }
    return {
      title: `${outcomeOf(value.summary).short} - ${jobId}`,
      status: 200,
      panels: [
        ...jobPanels(value, sources, { now, fota, history: history.reading.value }),
        thingsPanel(value.summary, sources, query, now),
      ],
      parts,
    };
  }

  return {
    heading: jobId,
    layout: "job",
    sources: [state, executions, explanation, shown, history],
    watch: sources.watchReports,
    render,
  };
}
