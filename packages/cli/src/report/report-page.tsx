import { enhanceTables } from "../pages/enhance-tables.js";
import { renderPage, scriptOf } from "../pages/page.js";
import { formatTime } from "../terminal/format.js";
import { AbortPanel } from "./abort-panel.js";
import { CausesPanel } from "./causes-panel.js";
import { CountsPanel } from "./counts-panel.js";
import { FactsPanel } from "./facts-panel.js";
import { HistoryPanel } from "./history-panel.js";
import { ProgressPanel } from "./progress-panel.js";
import type { ReportModel } from "./report-model.js";
import { ThingsPanel } from "./things-panel.js";
import { VerdictPanel } from "./verdict-panel.js";
import { WaitsPanel } from "./waits-panel.js";

interface ReportPageOptions {
  /** Name of the CSV file beside the report, if there is one. */
  csvName: string | undefined;
  /** Where the job is, such as the region and the account. */
  place: string;
}

/** Renders a report as one HTML file that needs nothing else. */
export function reportPage(model: ReportModel, { csvName, place }: ReportPageOptions): string {
  const { jobId, description, generatedAt, verdict } = model;
  return renderPage({
    title: `${jobId}: ${verdict.word}`,
    scripts: [scriptOf(enhanceTables)],
    body: (
      <>
        <header>
          <h1>{jobId}</h1>
          <p class="dim">
            {description === undefined ? "" : `${description} · `}
            {place} · as of {formatTime(generatedAt)}
          </p>
        </header>
        <main class="job">
          <JobPanels model={model} />
          <ThingsPanel things={model.things} detailsLeftOut={model.detailsLeftOut} csvName={csvName} />
        </main>
        <footer>
          <p>Made by `fota report`. All times are in UTC. A click on a command selects it.</p>
        </footer>
      </>
    ),
  });
}

/** Shows all panels of a job but its things. */
function JobPanels({ model }: { model: ReportModel }) {
  return (
    <>
      <VerdictPanel {...model.verdict} />
      <CountsPanel summary={model.summary} nowMs={Date.parse(model.generatedAt)} />
      <ProgressPanel progress={model.progress} />
      <CausesPanel causes={model.causes} />
      <AbortPanel abort={model.abort} isOver={model.isOver} />
      <WaitsPanel waits={model.waits} durations={model.durations} />
      <FactsPanel image={model.image} facts={model.facts} />
      <HistoryPanel history={model.history} fleet={model.fleet} />
    </>
  );
}
