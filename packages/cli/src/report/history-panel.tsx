import { DataTable } from "../pages/data-table.js";
import type { Look } from "../pages/look.js";
import { formatNumber } from "../pages/numbers.js";
import { JobName } from "../pages/page-links.js";
import { Badge, Commands, Lead, Panel } from "../pages/panel.js";
import { StackedBar } from "../pages/stacked-bar.js";
import type { JobHistory, JobRow } from "./job-rows.js";
import type { FleetOfReport } from "./versions.js";

interface HistoryPanelProps {
  history: JobHistory;
  /** What the things of the account run; left out where another panel shows it. */
  fleet?: FleetOfReport;
}

/** Answers what runs where, which jobs brought the same firmware to things, and what else goes on. */
export function HistoryPanel({ history: { chain, others, more }, fleet }: HistoryPanelProps) {
  const firmware = chain[0]?.firmware || "this image";
  return (
    <Panel id="history" title="Versions and promotions" wide>
      {fleet === undefined ? null : <FleetVersions fleet={fleet} firmware={firmware} />}
      <h3>Jobs with {firmware}, the first one first</h3>
      <JobTable caption="Jobs with the same firmware" jobs={chain} />
      <h3>Other jobs of the last 30 days, newest first{more ? " (there are more)" : ""}</h3>
      {others.length === 0 ? <p>None.</p> : <JobTable caption="Other jobs" jobs={others} />}
    </Panel>
  );
}

/** Tells versions apart that the job did not install. */
const LOOKS: readonly Look[] = [
  { tone: "run" },
  { tone: "off", texture: "hatch" },
  { tone: "run", texture: "dots" },
  { tone: "off" },
  { tone: "wait", texture: "hatch" },
  { tone: "wait" },
];

function FleetVersions({ fleet, firmware }: { fleet: FleetOfReport; firmware: string }) {
  const { versions, command } = fleet;
  if (versions === undefined) {
    return (
      <Commands steps={[{ command, why: "shows what runs on all things, and how to have it indexed" }]} />
    );
  }
  const { things, onVersion, parts } = versions;
  return (
    <>
      {onVersion === undefined ? null : (
        <Lead>
          {firmware} runs on {formatNumber(onVersion)} of {formatNumber(things)} things of the account.
        </Lead>
      )}
      <StackedBar
        id="versions-bar"
        title="Things by version"
        kind="Version"
        unit="things"
        parts={parts.map(({ label, things: count, isOfJob }, i) => ({
          label,
          count,
          look: isOfJob ? { tone: "good" } : (LOOKS[i % LOOKS.length] as Look),
        }))}
      />
    </>
  );
}

function JobTable({ caption, jobs }: { caption: string; jobs: readonly JobRow[] }) {
  return (
    <DataTable
      caption={caption}
      heads={["Job", "Firmware", "Target", "Outcome", "Created"].map((label) => ({ label }))}
      rows={jobs.map(({ jobId, firmware, target, outcome, tone, created, isThis }) => [
        isThis ? <b>{jobId} (this job)</b> : <JobName key="job" jobId={jobId} />,
        firmware,
        target,
        <Badge key="outcome" tone={tone}>
          {outcome}
        </Badge>,
        created,
      ])}
    />
  );
}
