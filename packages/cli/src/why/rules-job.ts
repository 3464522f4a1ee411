import { causeEntry } from "../causes/cause-table.js";
import { failureCount } from "../status/causes.js";
import { totalOf } from "../status/pace.js";
import { counted, type Evidence, type JobRule } from "./finding.js";
import { targetsOf } from "./rules-absent.js";
import { retryOf } from "./steps.js";

export const groupEmpty: JobRule = ({ job }, { fota }) => {
  const total = totalOf(job.counts);
  if (total > 0 || job.pendingTargets > 0 || job.status !== (job.continuous ? "IN_PROGRESS" : "COMPLETED"))
    return undefined;
  return {
    cause: "group-empty",
    sentence: job.continuous
      ? `no thing has job ${job.jobId}: its groups are empty, and it waits for things to join`
      : `no thing has job ${job.jobId}: its groups were empty when AWS IoT took down their things`,
    evidence: [
      ["targets", targetsOf(job.targetArns)],
      ["selection", job.continuous ? "CONTINUOUS" : "SNAPSHOT"],
    ],
    next: job.continuous
      ? [{ command: fota("status", job.jobId, "--wait"), why: "tells when one has joined" }]
      : [
          {
            command: null,
            why: "put things into the group and publish again, or order it for others: `fota promote`",
          },
        ],
  };
};

export const thingsFailed: JobRule = ({ job, failures }, say) => {
  const failed = failureCount(job.counts);
  if (failed === 0) return undefined;
  const { status, reason, detail, things } = failures[0] ?? { status: undefined, reason: null };
  const meaning = causeEntry(reason);
  const words = detail ?? (status === "TIMED_OUT" ? "its timer ran out" : "it gave no cause");
  const looked = failures.reduce((sum, { count }) => sum + count, 0);
  const most = looked < failed ? `of ${looked} looked at most often` : "most often";
  const why =
    status === undefined ? "why was not seen" : `${most} ${reason ?? status}: ${meaning?.what ?? words}`;
  const [example] = things ?? [];
  return {
    cause: "things-failed",
    ...(reason !== null && { reason }),
    sentence: `${failed} of ${counted(totalOf(job.counts), "execution")} failed, ${why}`,
    evidence: failures.map(
      (each): Evidence => [
        `${each.count}×`,
        `${each.reason ?? each.status}, such as ${each.things.join(", ")}`,
      ],
    ),
    next: [
      ...(example === undefined
        ? []
        : [{ command: say.fota("why", job.jobId, "--thing", example), why: "tells more of one of them" }]),
      { command: null, why: meaning?.advice ?? "look at the devices' own logs" },
      retryOf(job, "failures", say),
    ],
  };
};

/** A job that was only just made, or one of another implementation of the API, which knows other words. */
export const noneYet: JobRule = ({ job }, { fota }) => {
  if (totalOf(job.counts) > 0) return undefined;
  return {
    cause: "rollout-pending",
    sentence: `no thing has job ${job.jobId} yet, which is ${job.status}`,
    next: [{ command: fota("why", job.jobId), why: "once more in a minute" }],
  };
};

/** With what holds up the one that was looked at. */
export const jobInProgress: JobRule = ({ job, thing }, { fota }) => {
  const { inProgress, queued, succeeded } = job.counts;
  if (inProgress + queued === 0) return undefined;
  const failures = failureCount(job.counts);
  const parts = [`${inProgress} in progress`, `${queued} waiting`, `${succeeded} done`, `${failures} failed`];
  return {
    cause: inProgress > 0 ? "in-progress" : "things-waiting",
    sentence:
      inProgress > 0
        ? `job ${job.jobId} is in progress${failures === 0 ? " and all is well" : ""}: ${parts.join(", ")}`
        : `${counted(queued, "thing waits", "things wait")} for job ${job.jobId}, and none is in progress`,
    next: [
      ...(inProgress > 0 || thing === undefined
        ? []
        : [{ command: fota("why", job.jobId, "--thing", thing.thing), why: "tells more of one that waits" }]),
      { command: fota("status", job.jobId, "--wait"), why: "follows it to its end" },
    ],
  };
};

/** What is left: executions ended otherwise than well, and not by failure. */
export const othersEnded: JobRule = ({ job }, { fota }) => {
  const { succeeded, removed, canceled } = job.counts;
  return {
    cause: removed >= canceled ? "removed" : "canceled",
    sentence: `job ${job.jobId} is ${job.status}: ${succeeded} succeeded, ${removed} were taken off it, ${canceled} were canceled`,
    next: [{ command: fota("status", job.jobId, "--things"), why: "shows which" }],
  };
};
