import { targetNameOf } from "../job/targets.js";
import { isNamed, isTarget } from "./facts.js";
import type { ThingRule } from "./finding.js";
import { promoteTo } from "./steps.js";

/** The rules of this file explain why a thing has no execution of the job. */
export const thingMissing: ThingRule = ({ job, queries }, { thing, exists, execution }, { fota }) => {
  if (exists !== false || execution !== undefined) return undefined;
  return {
    cause: "thing-missing",
    sentence: `thing ${JSON.stringify(thing)} does not exist in this account and region, so job ${job.jobId} cannot reach it`,
    evidence: [["targets", targetsOf(job.targetArns, queries)]],
    next: [
      { command: fota("status", job.jobId, "--things"), why: "lists the things that the job has" },
      {
        command: null,
        why: "check the spelling, the capitals, the region and the account (--region, --profile)",
      },
    ],
  };
};

export const notATarget: ThingRule = (facts, about, say) => {
  const { job, queries } = facts;
  if (about.execution !== undefined || isTarget(facts, about) !== false) return undefined;
  return {
    cause: "not-a-target",
    sentence: `${about.thing} is not a target of job ${job.jobId}, nor in a group that is one`,
    evidence: [
      ["targets", targetsOf(job.targetArns, queries)],
      ["its groups", targetsOf(about.groups ?? [], queries) || "none"],
    ],
    next: [promoteTo(job, about.thing, say)],
  };
};

/** Finds a thing that joined a target group after a job that is not continuous had rolled out. */
export const joinedAfterSnapshot: ThingRule = (facts, about, say) => {
  const { job, queries } = facts;
  if (about.execution !== undefined || job.continuous || job.pendingTargets > 0) return undefined;
  if (job.status === "SCHEDULED" || isTarget(facts, about) !== true) return undefined;
  if (isNamed(facts, about.thing)) return undefined;
  return {
    cause: "joined-after-snapshot",
    sentence: `${about.thing} joined its group after job ${job.jobId} had listed the group's things, which it does only once`,
    evidence: [
      ["selection", "SNAPSHOT: things that join later get nothing"],
      ["targets", targetsOf(job.targetArns, queries)],
    ],
    next: [
      promoteTo(job, about.thing, say),
      { command: null, why: "publish with --continuous to groups that things may join later" },
    ],
  };
};

/** Finds an execution that was probably deleted: one that has ended can be deleted alone. */
export const executionDeleted: ThingRule = ({ job, queries }, { thing, execution }, say) => {
  if (execution !== undefined || job.status !== "COMPLETED") return undefined;
  return {
    cause: "removed",
    sentence: `${thing} has no execution of job ${job.jobId}, which is COMPLETED: the execution was deleted, or the thing joined later`,
    evidence: [["targets", targetsOf(job.targetArns, queries)]],
    next: [promoteTo(job, thing, say)],
  };
};

export const noExecutionYet: ThingRule = ({ job }, { thing, execution }, { fota }) => {
  if (execution !== undefined) return undefined;
  return {
    cause: "rollout-pending",
    sentence: `${thing} has no execution of job ${job.jobId} yet: AWS IoT creates them one after the other`,
    next: [{ command: fota("why", job.jobId, "--thing", thing), why: "explains it again in a minute" }],
  };
};

/** Formats targets as in `pump-7, group:beta`. */
export function targetsOf(arns: readonly string[], queries: Readonly<Record<string, string>>): string {
  const names = arns.map((arn) => targetNameOf(arn, queries));
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
