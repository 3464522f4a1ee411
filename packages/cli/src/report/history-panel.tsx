import { DataTable } from "../pages/data-table.js";
import { JobName } from "../pages/page-links.js";
import { Badge, Panel } from "../pages/panel.js";
import type { JobHistory, JobRow } from "./job-rows.js";

/** Answers which jobs brought the same firmware to things before and after, and what else goes on. */
export function HistoryPanel({ history: { chain, others, more } }: { history: JobHistory }) {
  const [first] = chain;
  return (
    <Panel id="history" title="Versions and promotions" wide>
      <h3>
        {first === undefined
          ? "This job"
          : `Jobs with ${first.firmware || "this image"}, the first one first`}
      </h3>
      <JobTable caption="Jobs with the same firmware" jobs={chain} />
      <h3>Other jobs of the last 30 days, newest first{more ? " (there are more)" : ""}</h3>
      {others.length === 0 ? <p>None.</p> : <JobTable caption="Other jobs" jobs={others} />}
    </Panel>
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
