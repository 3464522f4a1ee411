import { rolloutTextsOf } from "../job/rollout-options.js";
import { startOf, totalOf } from "../status/pace.js";
import { formatTime } from "../terminal/format.js";
import { type Evidence, formatCount, type JobRule } from "./finding.js";
import { retryOf } from "./steps.js";

export const jobDeleted: JobRule = ({ job }) => {
  if (job.status !== "DELETION_IN_PROGRESS") return undefined;
  return {
    cause: "job-deleted",
    sentence: `job ${job.jobId} is being deleted: no thing gets it any more`,
    next: [{ command: null, why: "nothing: AWS deletes it shortly, with its history" }],
  };
};

export const jobScheduled: JobRule = ({ job }, { now, time, fota }) => {
  const start = startOf(job);
  if (job.status !== "SCHEDULED" || start === undefined || start <= now) return undefined;
  return {
    cause: "job-scheduled",
    sentence: `job ${job.jobId} starts ${time(start)}: it is scheduled for later`,
    evidence: [["starts", formatTime(start.toISOString())]],
    next: [
      { command: fota("status", job.jobId, "--wait"), why: "follows it from start to finish" },
      {
        command: fota("cancel", job.jobId),
        why: "cancels it; publish without --start to begin at once",
      },
    ],
  };
};

export const outsideWindow: JobRule = ({ job }, { now, time, fota }) => {
  const windows = job.schedulingConfig?.maintenanceWindows ?? [];
  if (job.status !== "SCHEDULED" || windows.length === 0) return undefined;
  const next = job.nextWindows.filter((begins) => begins > now).sort((a, b) => a.getTime() - b.getTime())[0];
  const evidence = windows.map(
    ({ startTime = "", durationInMinutes }): Evidence => [
      "window",
      `${startTime} UTC, ${durationInMinutes} min`,
    ],
  );
  return {
    cause: "outside-window",
    sentence:
      next === undefined
        ? `job ${job.jobId} waits for its maintenance window, and AWS lists none to come`
        : `job ${job.jobId} waits for its maintenance window: the next one opens ${time(next)}`,
    evidence: [
      ...evidence,
      ...(next === undefined ? [] : [["next", formatTime(next.toISOString())] as const]),
    ],
    next: [{ command: fota("status", job.jobId, "--wait"), why: "follows it through its windows" }],
  };
};

export const scheduleEnded: JobRule = ({ job, failures }, say) => {
  const { now, time } = say;
  const end = timeOf(job.schedulingConfig?.endTime);
  const { endBehavior = "STOP_ROLLOUT" } = job.schedulingConfig ?? {};
  if (end === undefined || end > now || job.status === "SCHEDULED") return undefined;
  // The job may have been canceled earlier, or may have finished earlier.
  const ended = job.completedAt ?? job.lastUpdatedAt;
  if (job.status === "CANCELED" && (job.reasonCode !== undefined || (ended !== undefined && ended < end)))
    return undefined;
  if (job.status === "COMPLETED" && ended !== undefined && ended < end) return undefined;
  return {
    cause: "schedule-ended",
    sentence: `job ${job.jobId} reached its end time ${time(end)}: things that it had not reached get no update`,
    evidence: [
      ["end", formatTime(end.toISOString())],
      ["at the end", endBehavior],
    ],
    next: retryOf(job, failures, say),
  };
};

/** Applies to a thing without an execution, and to a job without any. */
export const rolloutPending: JobRule = ({ job, thing }, { fota }) => {
  if (job.status !== "IN_PROGRESS" || job.pendingTargets === 0) return undefined;
  const { rate, ramp } = rolloutTextsOf(job);
  const reached = totalOf(job.counts);
  const unreached = thing === undefined || thing.execution !== undefined ? "all things" : thing.thing;
  const pace = ramp ?? rate ?? "AWS IoT's own rate";
  return {
    cause: "rollout-pending",
    sentence: `the rollout has not reached ${unreached} yet: at ${pace}, it has reached ${formatCount(reached, "thing")}`,
    evidence: [
      ["rollout", [ramp, rate].filter((text) => text !== undefined).join(", up to ") || pace],
      ["reached", formatCount(reached, "thing")],
      ["not yet", formatCount(job.pendingTargets, "target")],
    ],
    next: [{ command: fota("status", job.jobId, "--wait"), why: "follows it" }],
  };
};

/** Parses a time of a schedule, which AWS writes in UTC and without a zone. */
function timeOf(text: string | undefined): Date | undefined {
  const time = new Date(`${text?.replace(" ", "T").replace(/Z$/, "")}Z`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
