import { DataTable } from "../pages/data-table.js";
import { formatNumber } from "../pages/numbers.js";
import { JobName } from "../pages/page-links.js";
import { Commands, Panel } from "../pages/panel.js";
import { outcomeOf } from "../status/outcome.js";
import type { JobSummary, Overview } from "../status/result.js";
import { formatAgo } from "../terminal/format.js";
import { type Attention, attentionOf, isOver, isScheduled } from "./attention.js";
import { Loading } from "./faults-panel.js";
import { FleetPanel } from "./fleet-panel.js";
import { MiniBar, OutcomeBadge, toneOfJob } from "./job-cells.js";
import type { PageView } from "./page-view.js";
import type { Sources } from "./sources.js";

/** The first page: the jobs in progress, those that ended lately, and the fleet. */
export function overviewView({ overview, fleet }: Sources, fota: (...command: string[]) => string): PageView {
  return {
    heading: "Jobs and fleet",
    sources: [overview, fleet],
    render(now) {
      const { value } = overview.reading;
      return {
        title: titleOf(value),
        status: 200,
        panels: [
          ...(value === undefined
            ? [{ id: "jobs", node: <Loading id="jobs" title="Jobs" wide /> }]
            : jobPanels(value, now, fota)),
          { id: "fleet", node: <FleetPanel fleet={fleet.reading.value} fota={fota} /> },
        ],
        parts: [
          ["jobs", overview.reading],
          ["fleet", fleet.reading],
        ],
      };
    },
  };
}

function jobPanels(overview: Overview, now: Date, fota: (...command: string[]) => string) {
  const running = overview.jobs.filter((job) => !isOver(job) && !isScheduled(job));
  const scheduled = overview.jobs.filter(isScheduled);
  const over = overview.jobs.filter(isOver);
  return [
    { id: "now", node: <NowPanel attention={attentionOf(overview)} fota={fota} /> },
    ...jobsPanel({
      id: "running",
      title: "Jobs in progress",
      jobs: running,
      last: "Expected end",
      lastOf: ({ expectedEnd }) => ago(expectedEnd, now),
      more: overview.more,
    }),
    ...jobsPanel({
      id: "scheduled",
      title: "Scheduled jobs",
      jobs: scheduled,
      last: "Starts",
      lastOf: ({ startsAt }) => ago(startsAt, now),
      more: overview.more && running.length === 0,
    }),
    {
      id: "over",
      node: (
        <Panel id="over" title="Ended in the last 24 hours" wide>
          {over.length === 0 ? (
            <p class="dim">No job ended in the last 24 hours.</p>
          ) : (
            <JobTable
              caption="Jobs that ended in the last 24 hours"
              jobs={over}
              last="Ended"
              lastOf={({ completedAt }) => ago(completedAt, now)}
            />
          )}
        </Panel>
      ),
    },
  ];
}

interface JobsPanelOptions extends Omit<JobTableProps, "caption"> {
  id: string;
  title: string;
  /** Whether there are more open jobs than the page shows. */
  more: boolean;
}

/** Returns the panel of open jobs; none if there is no such job. */
function jobsPanel({ id, title, jobs, more, ...columns }: JobsPanelOptions) {
  if (jobs.length === 0) return [];
  const node = (
    <Panel id={id} title={title} wide>
      <JobTable caption={title} jobs={jobs} {...columns} />
      {more ? <p class="dim">More jobs are in progress or scheduled: `fota list` shows all.</p> : null}
    </Panel>
  );
  return [{ id, node }];
}

interface NowPanelProps {
  attention: Attention;
  fota: (...command: string[]) => string;
}

/** Answers the first question: does a job need attention now? */
function NowPanel({ attention: { tone, text, worst }, fota }: NowPanelProps) {
  return (
    <section id="now" class={`panel wide verdict ${tone}`} aria-labelledby="now-h">
      <h2 id="now-h">{text}</h2>
      {worst === undefined ? null : (
        <>
          <p>
            <JobName jobId={worst.jobId} />: {outcomeOf(worst).headline}
          </p>
          <Commands
            steps={[{ command: fota("why", worst.jobId), why: "explains the causes and what to do" }]}
          />
        </>
      )}
    </section>
  );
}

interface JobTableProps {
  caption: string;
  jobs: readonly JobSummary[];
  last: string;
  lastOf: (job: JobSummary) => string;
}

function JobTable({ caption, jobs, last, lastOf }: JobTableProps) {
  return (
    <DataTable
      caption={caption}
      heads={[
        { label: "Job" },
        { label: "State" },
        { label: "Version" },
        { label: "Progress" },
        { label: "Executions", right: true },
        { label: "Per minute", right: true },
        { label: last },
      ]}
      rows={jobs.map((job) => [
        <JobName key="job" jobId={job.jobId} />,
        <OutcomeBadge key="state" job={job} />,
        job.version ?? "",
        <MiniBar key="bar" job={job} />,
        formatNumber(job.total),
        job.ratePerMinute === undefined ? "" : formatNumber(job.ratePerMinute),
        lastOf(job),
      ])}
    />
  );
}

function titleOf(overview: Overview | undefined): string {
  const open = overview?.jobs.filter((job) => !isOver(job)) ?? [];
  const bad = open.filter((job) => ["bad", "warn"].includes(toneOfJob(job))).length;
  if (open.length === 0) return "fota";
  if (bad > 0) return `${bad} of ${open.length} with failures - fota`;
  const running = open.filter((job) => !isScheduled(job)).length;
  return running === 0 ? `${open.length} scheduled - fota` : `${running} in progress - fota`;
}

function ago(iso: string | undefined, now: Date): string {
  return iso === undefined ? "" : formatAgo(new Date(iso), now);
}
