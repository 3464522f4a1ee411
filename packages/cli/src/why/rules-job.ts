import { causeEntry } from "../causes/cause-table.js";
import { causeText } from "../status/cause-text.js";
import { failureCount } from "../status/causes.js";
import { totalOf } from "../status/pace.js";
import type { Facts, ThingDetail } from "./facts.js";
import { type Evidence, type Finding, formatCount, type JobRule, type Say } from "./finding.js";
import { targetsOf } from "./rules-absent.js";
import { failed, timedOut } from "./rules-ended.js";
import { fixesOf } from "./steps.js";
import { topCause } from "./top-cause.js";

export const groupEmpty: JobRule = ({ job, queries }, { fota }) => {
  const total = totalOf(job.counts);
  if (total > 0 || job.pendingTargets > 0 || job.status !== (job.continuous ? "IN_PROGRESS" : "COMPLETED"))
    return undefined;
  return {
    cause: "group-empty",
    sentence: job.continuous
      ? `no thing has job ${job.jobId}: its groups are empty, and it waits for things to join`
      : `no thing has job ${job.jobId}: its groups were empty when AWS IoT listed their things`,
    evidence: [
      ["targets", targetsOf(job.targetArns, queries)],
      ["selection", job.continuous ? "CONTINUOUS" : "SNAPSHOT"],
    ],
    next: job.continuous
      ? [{ command: fota("status", job.jobId, "--wait"), why: "waits until one has joined" }]
      : [
          {
            command: null,
            why: "add things to the group and publish again, or publish to others with `fota promote`",
          },
        ],
  };
};

export const thingsFailed: JobRule = (facts, say) => {
  const { job, failures } = facts;
  const count = failureCount(job.counts);
  if (count === 0) return undefined;
  const only = onlyFailure(facts, say);
  if (only !== undefined) return only;
  const total = totalOf(job.counts);
  const { status, reason = null, detail, things: [example] = [] } = failures[0] ?? {};
  const meaning = causeEntry(reason);
  const words = detail ?? (status === "TIMED_OUT" ? "its timer ran out" : "it reported no cause");
  const top = topCause(failures, count);
  const why = top === undefined ? "cause unknown" : `${top}: ${meaning?.what ?? words}`;
  return {
    cause: "things-failed",
    ...(reason !== null && { reason }),
    sentence: `${count} of ${formatCount(total, "execution")} failed, ${why}`,
    evidence: failures.map((each): Evidence => {
      const text = each.reason === null ? each.status : causeText(each);
      const on = each.count > each.things.length ? "such as" : "on";
      return [`${each.count}×`, `${text}, ${on} ${each.things.join(", ")}`];
    }),
    next: [
      ...(example === undefined
        ? []
        : [
            {
              command: say.fota("why", job.jobId, "--thing", example),
              why: `explains why ${example} failed`,
            },
          ]),
      ...fixesOf(job, failures, "job", say),
      { command: null, why: meaning?.advice ?? "check the devices' logs" },
    ],
  };
};

/** Returns the cause and detail of the thing, if only one failed. */
function onlyFailure(facts: Facts, say: Say): Finding | undefined {
  const { job, failedThing } = facts;
  if (failedThing === undefined) return undefined;
  const own = failed(facts, failedThing, say) ?? timedOut(facts, failedThing, say);
  if (own === undefined) return undefined;
  const total = totalOf(job.counts);
  const sentence = total === 1 ? own.sentence : `1 of ${total} executions failed: ${own.sentence}`;
  return { ...own, cause: "things-failed", sentence };
}

/**
 * Finds a job without executions: one that was just created, or one of another implementation of the API with other
 * statuses.
 */
export const noneYet: JobRule = ({ job }, { fota }) => {
  if (totalOf(job.counts) > 0) return undefined;
  return {
    cause: "rollout-pending",
    sentence: `no thing has job ${job.jobId} yet; its status is ${job.status}`,
    next: [{ command: fota("why", job.jobId), why: "explains it again in a minute" }],
  };
};

/** Reports progress, what things report in words, and why the thing that was read waits. */
export const jobInProgress: JobRule = ({ job, detailed, thing }, { fota }) => {
  const { inProgress, queued, succeeded } = job.counts;
  if (inProgress + queued === 0) return undefined;
  const failures = failureCount(job.counts);
  const isWell = failures === 0 && detailed.length === 0;
  const parts = [`${inProgress} in progress`, `${queued} waiting`, `${succeeded} done`, `${failures} failed`];
  return {
    cause: inProgress > 0 ? "in-progress" : "things-waiting",
    sentence:
      inProgress > 0
        ? `job ${job.jobId} is in progress${isWell ? " and all is well" : ""}: ${parts.join(", ")}${detailOf(detailed)}`
        : `${formatCount(queued, "thing waits", "things wait")} for job ${job.jobId}, and none is in progress`,
    evidence: detailed.map(({ thing, detail }): Evidence => [thing, detail]),
    next: [
      ...(inProgress > 0 || thing === undefined
        ? []
        : [
            {
              command: fota("why", job.jobId, "--thing", thing.thing),
              why: `explains why ${thing.thing} waits`,
            },
          ]),
      { command: fota("status", job.jobId, "--wait"), why: "waits until it ends" },
    ],
  };
};

/** Formats what things in progress report, such as that a hook defers the update. */
function detailOf([first, ...others]: readonly ThingDetail[]): string {
  if (first === undefined) return "";
  const { thing, detail } = first;
  if (others.length === 0) return `; ${thing} reports: ${detail}`;
  return `; ${others.length + 1} things report a detail, such as ${thing}: ${detail}`;
}

/** Reports executions that ended without success but not by failure. */
export const othersEnded: JobRule = ({ job }, { fota }) => {
  const { succeeded, removed, canceled } = job.counts;
  return {
    cause: removed >= canceled ? "removed" : "canceled",
    sentence: `job ${job.jobId} is ${job.status}: ${succeeded} succeeded, ${removed} were removed, ${canceled} were canceled`,
    next: [{ command: fota("status", job.jobId, "--things"), why: "shows which" }],
  };
};
