import type { ExecutionDescription } from "../aws/executions.js";
import type { JobDescription } from "../aws/jobs.js";
import { causeEntry } from "../causes/cause-table.js";
import { given } from "../given.js";
import { formatBytes, formatSeconds } from "../terminal/format.js";
import type { ThingFacts } from "./facts.js";
import type { Evidence, ThingRule } from "./finding.js";

/** A device that downloads reports more often. */
export const SILENT_MS = 15 * 60_000;

/** Finds an execution that is IN_PROGRESS and has reported nothing for a while. */
export const silent: ThingRule = ({ job }, about, { now, time, since, fota }) => {
  const { thing, execution } = about;
  const last = execution?.lastUpdatedAt;
  if (execution?.status !== "IN_PROGRESS" || last === undefined) return undefined;
  if (now.getTime() - last.getTime() < SILENT_MS) return undefined;
  const end = timeoutOf(job, execution);
  return {
    cause: "silent",
    sentence: `${thing} started job ${job.jobId} and has reported nothing ${since(last)}, ${phaseOf(about)}; ${end}`,
    evidence: [
      ["last report", `${time(last)}, ${phaseOf(about)}`],
      ["timeout", end],
      ...connectedOf(about, since),
    ],
    next: [
      { command: null, why: "check the device: power, link, log. It continues when it is back online" },
      { command: fota("cancel", job.jobId, "--thing", thing, "--force"), why: "gives up on it" },
    ],
  };
};

export const inProgress: ThingRule = ({ job }, about, { time, since, fota }) => {
  const { thing, execution, report } = about;
  if (execution?.status !== "IN_PROGRESS") return undefined;
  const { startedAt, lastUpdatedAt, secondsLeft } = execution;
  const started = startedAt === undefined ? "" : `, started ${time(startedAt)}`;
  return {
    cause: "in-progress",
    sentence: `job ${job.jobId} is in progress on ${thing}, ${phaseOf(about)}${started}`,
    evidence: [
      ...(lastUpdatedAt === undefined ? [] : [["last report", time(lastUpdatedAt)] as const]),
      ...(report.detail === undefined ? [] : [["detail", report.detail] as const]),
      ...bytesOf(report),
      ["timeout", secondsLeft === undefined ? "none" : `in ${formatSeconds(secondsLeft)}`],
      ...connectedOf(about, since),
    ],
    next: [{ command: fota("status", job.jobId, "--thing", thing, "--wait"), why: "waits until it ends" }],
  };
};

/** Adds to other findings that this is not the first attempt. */
export const retried: ThingRule = ({ job }, { thing, execution, tries = 1, before }, { fota }) => {
  if (tries < 2 || (execution?.status !== "QUEUED" && execution?.status !== "IN_PROGRESS")) return undefined;
  const reason = before?.report.reason;
  const meaning = causeEntry(reason);
  const ended =
    before === undefined
      ? ""
      : `; the previous one ended ${before.status}${reason === undefined ? "" : ` with ${reason}`}${meaning === undefined ? "" : `: ${meaning.what}`}`;
  return {
    cause: "retried",
    ...given({ reason }),
    sentence: `this is attempt ${tries} on ${thing}${ended}`,
    evidence: [["attempt", String(tries)]],
    next: [
      {
        command: fota("status", job.jobId, "--thing", thing, "--wait"),
        why: "follows this attempt until it ends",
      },
    ],
  };
};

function timeoutOf({ timeoutConfig }: JobDescription, { secondsLeft }: ExecutionDescription): string {
  const minutes = timeoutConfig?.inProgressTimeoutInMinutes;
  if (secondsLeft !== undefined) return `it times out in ${formatSeconds(secondsLeft)}`;
  return minutes === undefined
    ? "it never times out, as no timeout is set"
    : `it times out ${minutes} min after its start`;
}

/** Formats the last phase that a device reported, as in `last phase downloading 40 %`. */
export function phaseOf({ report: { phase, percent } }: Pick<ThingFacts, "report">): string {
  if (phase === undefined) return "no progress reported";
  return `last phase ${percent === undefined ? phase : `${phase} ${percent} %`}`;
}

function bytesOf({ bytes, totalBytes }: ThingFacts["report"]): Evidence[] {
  if (bytes === undefined || totalBytes === undefined) return [];
  return [["downloaded", `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`]];
}

function connectedOf({ connectivity }: ThingFacts, since: (date: Date) => string): Evidence[] {
  if (connectivity?.since === undefined) return [];
  return [["connected", `${connectivity.connected ? "yes" : "no"}, ${since(connectivity.since)}`]];
}
