import { totalOf } from "../status/pace.js";
import { unreachedText } from "../status/unreached.js";
import type { Facts } from "./facts.js";
import { type Evidence, formatCount, type JobRule } from "./finding.js";
import { fixesOf, retryOf } from "./steps.js";
import { topCause } from "./top-cause.js";

/** Finds an abort. AWS sets its reason itself and does not document the value; the stand-in uses ABORT_CRITERIA_MET. */
export const jobAborted: JobRule = (facts, say) => {
  const { time, fota } = say;
  const { job, abort } = facts;
  const namesAbort = job.reasonCode !== undefined && /ABORT/.test(job.reasonCode);
  const byHand = job.reasonCode !== undefined && !namesAbort;
  const met = abort.find((rule) => rule.met) ?? (namesAbort ? abort[0] : undefined);
  if (job.status !== "CANCELED" || met === undefined || byHand) return undefined;
  const when = job.lastUpdatedAt === undefined ? "" : ` ${time(job.lastUpdatedAt)}`;
  const kind = met.failureType === "ALL" ? "any failure" : met.failureType;
  const ended = met.failureType === "ALL" ? "failed" : `ended ${met.failureType}`;
  const top = topCause(facts.failures, met.failures);
  const most = top === undefined ? "" : `, ${top}`;
  return {
    cause: "job-aborted",
    sentence: `job ${job.jobId} was aborted by its own rule${when}: ${met.failures} of ${formatCount(met.ended, "finished execution")} ${ended}${most}`,
    evidence: [
      ["rule", `${kind} at ${met.thresholdPercent} % or more, once ${met.minEnded} have ended`],
      ["counts", `${met.failures} of ${met.ended} ended${met.percent === null ? "" : `: ${met.percent} %`}`],
      ...canceledBy(facts),
    ],
    next: [
      {
        command: fota("status", job.jobId, "--failed"),
        why: "lists the things that failed, with their causes",
      },
      ...fixesOf(job, facts.failures, "job", say),
    ],
  };
};

export const jobCanceled: JobRule = (facts, say) => {
  const { time } = say;
  const { job } = facts;
  if (job.status !== "CANCELED") return undefined;
  const when = job.lastUpdatedAt === undefined ? "" : ` ${time(job.lastUpdatedAt)}`;
  const why = [job.reasonCode, job.comment].filter((text) => text !== undefined && text !== "");
  const reason = why.length === 0 ? "no reason was given" : why.join(", ");
  const how = job.forceCanceled ? " by force, also on things in progress" : "";
  return {
    cause: "job-canceled",
    sentence: `job ${job.jobId} was canceled${how}${when}: ${reason}`,
    evidence: canceledBy(facts),
    next: retryOf(job, facts.failures, say),
  };
};

function canceledBy({ job, unreached: found }: Facts): Evidence[] {
  const unreached = unreachedText({ ...job, total: totalOf(job.counts) }, found);
  return [
    ...(unreached === undefined ? [] : [["rollout", unreached] as const]),
    ...(job.reasonCode ? [["reason code", job.reasonCode] as const] : []),
    ...(job.comment ? [["comment", job.comment] as const] : []),
    [
      "forced",
      job.forceCanceled ? "yes" : job.counts.inProgress > 0 ? "no: things in progress continue" : "no",
    ],
  ];
}
