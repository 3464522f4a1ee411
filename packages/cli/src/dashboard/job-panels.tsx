import type { VNode } from "preact";
import type { Execution } from "../aws/executions.js";
import { given } from "../given.js";
import type { JobList } from "../list/result.js";
import { abortMeterOf } from "../report/abort-meter.js";
import { AbortPanel } from "../report/abort-panel.js";
import { explainCauses } from "../report/causes.js";
import { CausesPanel } from "../report/causes-panel.js";
import { CountsPanel } from "../report/counts-panel.js";
import type { Durations } from "../report/durations.js";
import { FactsPanel } from "../report/facts-panel.js";
import { HistoryPanel } from "../report/history-panel.js";
import { imageLeadOf } from "../report/image-lead.js";
import { jobHistoryOf } from "../report/job-rows.js";
import type { ProgressOverTime } from "../report/progress.js";
import { ProgressPanel } from "../report/progress-panel.js";
import { durationsOfJob, factsOf, isOver, progressOfJob } from "../report/report-model.js";
import { verdictOf } from "../report/verdict.js";
import { VerdictPanel } from "../report/verdict-panel.js";
import { type Waits, waitsOf } from "../report/waits.js";
import { WaitsPanel } from "../report/waits-panel.js";
import type { ShownJob } from "../show/result.js";
import type { DescribedJobState } from "../status/summary.js";
import { Loading } from "./faults-panel.js";
import type { JobSources } from "./job-sources.js";
import type { PanelNode } from "./page-view.js";
import { describer } from "./things-of-job.js";

interface Around {
  now: Date;
  fota: (...command: string[]) => string;
  history: JobList | undefined;
}

/** Returns the panels of a report about a job, all but its things, from what was read so far. */
export function jobPanels(
  state: DescribedJobState,
  sources: JobSources,
  { now, fota, history }: Around,
): PanelNode[] {
  const explained = sources.explanation.reading.value;
  const summary = { ...state.summary, ...given({ unreached: explained?.unreached }) };
  const shown = sources.shown.reading.value;
  const course = courseOf(state, sources, shown, now);
  const loading = (id: string, title: string, wide = false): PanelNode => ({
    id,
    node: <Loading id={id} title={title} wide={wide} />,
  });
  const panel = (id: string, node: VNode): PanelNode => ({ id, node });
  return [
    explained === undefined
      ? loading("verdict", "Job", true)
      : panel("verdict", <VerdictPanel {...verdictOf(summary, explained.explanation)} />),
    panel("counts", <CountsPanel summary={summary} nowMs={now.getTime()} />),
    course === undefined
      ? loading("progress", "Progress over time")
      : panel("progress", <ProgressPanel progress={course.progress} />),
    explained === undefined
      ? loading("causes", "Causes of failure")
      : panel("causes", <CausesPanel causes={explainCauses(summary, fota, explained.publish)} />),
    panel("abort", <AbortPanel abort={(summary.abort ?? []).map(abortMeterOf)} isOver={isOver(summary)} />),
    course === undefined
      ? loading("waits", "Slow and stuck things")
      : panel("waits", <WaitsPanel waits={course.waits} durations={course.durations} />),
    shown === undefined
      ? loading("facts", "Image and job")
      : panel(
          "facts",
          <FactsPanel image={imageLeadOf(shown, isOver(summary))} facts={factsOf(shown, now, fota)} />,
        ),
    history === undefined
      ? loading("history", "Versions and promotions", true)
      : panel("history", <HistoryPanel history={jobHistoryOf(summary.jobId, history.jobs, history.more)} />),
  ];
}

/** What follows from the list of all executions. */
interface Course {
  progress: ProgressOverTime | undefined;
  waits: Waits;
  durations: Durations | undefined;
}

/** Keeps the last result for each list: with thousands of things, it takes a while, and all viewers see the same. */
const courses = new WeakMap<readonly Execution[], { key: string; course: Course }>();

/** A longer list takes a noticeable time, so what changes with time alone is computed seldom. */
const LONG_LIST = 5_000;
const LONG_STEP_MS = 30_000;

function courseOf(
  { job, summary }: DescribedJobState,
  sources: JobSources,
  shown: ShownJob | undefined,
  exactly: Date,
): Course | undefined {
  const { value } = sources.executions.reading;
  if (value === undefined || shown === undefined) return undefined;
  const stepMs = value.length < LONG_LIST ? 1 : LONG_STEP_MS;
  const now = new Date(Math.floor(exactly.getTime() / stepMs) * stepMs);
  const describe = describer(summary, sources);
  const { total, status, expectedEnd, targetsToGo } = summary;
  const key = JSON.stringify([now.getTime(), total, status, expectedEnd, targetsToGo]);
  const before = courses.get(value);
  if (before?.key === key) return before.course;
  const executions = value.map(describe);
  const course = {
    progress: progressOfJob({ now, job, summary, shown, executions }),
    waits: waitsOf(executions, now.getTime()),
    durations: durationsOfJob(executions, now.getTime()),
  };
  courses.set(value, { key, course });
  return course;
}
