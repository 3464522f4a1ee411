import type { JobDescription } from "../aws/jobs.js";
import type { Fleet } from "../fleet/result.js";
import { given } from "../given.js";
import type { PublishNeeds } from "../image/publish-command.js";
import { rolloutOfJob } from "../job/rollout-of-job.js";
import type { ListedJobResult } from "../list/result.js";
import { rowsOfJob } from "../show/format.js";
import type { ShownJob } from "../show/result.js";
import { startOf } from "../status/pace.js";
import type { JobSummary, ThingSummary } from "../status/result.js";
import type { Explanation } from "../why/result.js";
import { type AbortMeter, abortMeterOf } from "./abort-meter.js";
import { type ExplainedCauses, explainCauses } from "./causes.js";
import { type Durations, durationsOf } from "./durations.js";
import { type ImageLead, imageLeadOf } from "./image-lead.js";
import { type JobHistory, jobHistoryOf } from "./job-rows.js";
import { type ProgressOverTime, progressOf } from "./progress.js";
import { lastExecutions, type ThingGroups, thingGroupsOf } from "./thing-groups.js";
import { durationSeconds } from "./times.js";
import { type Verdict, verdictOf } from "./verdict.js";
import { type FleetOfReport, versionsOf } from "./versions.js";
import { type Waits, waitsOf } from "./waits.js";

/** Holds everything that was read about one job. */
export interface ReportInput {
  now: Date;
  job: JobDescription;
  summary: JobSummary;
  explanation: Explanation;
  shown: ShownJob;
  /** All executions, with the reports that were read. */
  executions: readonly ThingSummary[];
  /** Counts the executions in progress or failed whose reports were not read. */
  detailsLeftOut: number;
  /** Recent jobs, the newest first. */
  jobs: readonly ListedJobResult[];
  moreJobs: boolean;
  /** What the things of the account run; `undefined` if no index tells. */
  fleet: Fleet | undefined;
  /** Formats a command line of fota. */
  fota: (...command: string[]) => string;
  /** What a suggested `fota publish` must name. */
  publish: PublishNeeds;
}

/** Holds what the panels of a report show, as plain data. */
export interface ReportModel {
  generatedAt: string;
  jobId: string;
  description?: string;
  verdict: Verdict;
  summary: JobSummary;
  /** True if no execution is pending. */
  isOver: boolean;
  progress?: ProgressOverTime;
  causes: ExplainedCauses;
  abort: readonly AbortMeter[];
  waits: Waits;
  durations?: Durations;
  image: ImageLead;
  /** Facts about the image and the job as labels and texts; an empty label continues the row above. */
  facts: readonly (readonly [label: string, value: string])[];
  history: JobHistory;
  fleet: FleetOfReport;
  things: ThingGroups;
  detailsLeftOut: number;
}

const ELSEWHERE: readonly string[] = ["description", "things", "created", "changed", "completed", "reason"];

/** Computes what the panels show. Pure: depends only on its input. */
export function reportModel(input: ReportInput): ReportModel {
  const { now, job, summary, explanation, shown, executions, jobs, moreJobs, fleet, fota, publish } = input;
  const nowMs = now.getTime();
  return {
    generatedAt: now.toISOString(),
    jobId: job.jobId,
    ...given({ description: job.description }),
    verdict: verdictOf(summary, explanation),
    summary,
    isOver: isOver(summary),
    ...given({ progress: progressOfJob(input) }),
    causes: explainCauses(summary, fota, publish),
    abort: (summary.abort ?? []).map(abortMeterOf),
    waits: waitsOf(executions, nowMs),
    ...given({ durations: durationsOfJob(executions, nowMs) }),
    image: imageLeadOf(shown, isOver(summary)),
    facts: factsOf(shown, now, fota),
    history: jobHistoryOf(job.jobId, jobs, moreJobs),
    fleet: {
      versions: fleet === undefined ? undefined : versionsOf(fleet, shown.fwVersion),
      command: fota("fleet"),
    },
    things: thingGroupsOf(lastExecutions(executions), nowMs),
    detailsLeftOut: input.detailsLeftOut,
  };
}

/** Returns the executions of a job over time; `undefined` before it has one. */
export function progressOfJob({
  now,
  job,
  summary,
  shown,
  executions,
}: Pick<ReportInput, "now" | "job" | "summary" | "shown" | "executions">): ProgressOverTime | undefined {
  const { jobExecutionsRolloutConfig: config, schedulingConfig } = job;
  // Between maintenance windows a rollout stands still, so no curve can be planned.
  const hasWindows = (schedulingConfig?.maintenanceWindows ?? []).length > 0;
  const hasRate = config?.maximumPerMinute !== undefined || config?.exponentialRate !== undefined;
  const begin = [job.createdAt, startOf(job)].flatMap((time) => time?.getTime() ?? []);
  const urlEnd = shown.images.flatMap(({ expiresAt }) => expiresAt ?? []).sort()[0];
  const completedMs = job.completedAt?.getTime();
  const isCanceled = job.status === "CANCELED" && completedMs !== undefined;
  return progressOf({
    executions,
    rollout: hasRate && !hasWindows ? rolloutOfJob(job) : undefined,
    total: summary.targetsToGo === undefined ? summary.total : undefined,
    beginMs: begin.length === 0 ? now.getTime() : Math.max(...begin),
    endMs: isOver(summary) ? completedMs : undefined,
    nowMs: now.getTime(),
    expectedEndMs: summary.expectedEnd === undefined ? undefined : Date.parse(summary.expectedEnd),
    marks: [
      ...(urlEnd === undefined ? [] : [{ atMs: Date.parse(urlEnd), label: "URL expires" }]),
      ...(isCanceled ? [{ atMs: completedMs, label: "canceled" }] : []),
    ],
  });
}

/** Returns how long the executions took that succeeded; `undefined` if there are too few. */
export function durationsOfJob(executions: readonly ThingSummary[], nowMs: number): Durations | undefined {
  const succeeded = executions.filter(({ status }) => status === "SUCCEEDED");
  return durationsOf(succeeded.flatMap((each) => durationSeconds(each, nowMs) ?? []));
}

/** Returns facts about the image and the job as labels and texts; an empty label continues the row above. */
export function factsOf(shown: ShownJob, now: Date, fota: ReportInput["fota"]): ReportModel["facts"] {
  return rowsOfJob(shown, { paint: plain, columns: Infinity, fota, now, utc: true }).filter(isOfFacts());
}

/** Returns a filter for rows: leaves out the labels that other panels show, with the rows that continue them. */
function isOfFacts(): (row: readonly [label: string, value: string]) => boolean {
  let isLeftOut = false;
  return ([label]) => {
    if (label !== "") isLeftOut = ELSEWHERE.includes(label);
    return !isLeftOut;
  };
}

/** Returns whether no execution of a job is pending. */
export function isOver({ status, counts, total, targetsToGo }: JobSummary): boolean {
  const isIdle = counts.queued + counts.inProgress === 0 && targetsToGo === undefined;
  return isIdle && (total > 0 || status === "COMPLETED" || status === "CANCELED");
}

function plain(_style: string, text: string): string {
  return text;
}
