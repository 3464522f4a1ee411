import { causeEntry, causeName } from "../causes/cause-table.js";
import { askOwnerAgain } from "../causes/remedies.js";
import { reportedValue } from "../causes/reported-value.js";
import { isOfSignature } from "../causes/signature-causes.js";
import { given } from "../given.js";
import { signatureText } from "../signing/signature-text.js";
import { downloadText } from "../status/download-text.js";
import { totalOf } from "../status/pace.js";
import { formatSeconds } from "../terminal/format.js";
import { type Facts, isTarget, type ThingFacts } from "./facts.js";
import type { Evidence, JobRule, Step, ThingRule } from "./finding.js";
import { targetsOf } from "./rules-absent.js";
import { phaseOf } from "./rules-running.js";
import { fixesOf, promoteTo, retryOf, stepOf } from "./steps.js";

export const failed: ThingRule = ({ job, decoded }, about, say) => {
  const { time } = say;
  const { thing, execution, report } = about;
  if (execution?.status !== "FAILED" && execution?.status !== "REJECTED") return undefined;
  const when = execution.lastUpdatedAt === undefined ? "" : ` ${time(execution.lastUpdatedAt)}`;
  const { reason, detail } = report;
  const rejected = execution.status === "REJECTED";
  const meaning = causeEntry(reason);
  const words = detail === undefined ? "" : ` (${detail})`;
  const what =
    meaning?.what ??
    (reason === undefined ? "it reported no cause" : `it reported ${JSON.stringify(reason)}`);
  const fixes = fixesOf(
    job,
    [{ ...report, status: execution.status, count: 1, things: [thing] }],
    "thing",
    say,
  );
  const again = rejected && fixes.length === 0 ? [stepOf(askOwnerAgain(job), say)] : [];
  const advice: Step = { command: null, why: meaning?.advice ?? "check the device's log" };
  return {
    cause: rejected ? "rejected" : "failed",
    ...given({ reason }),
    sentence: `${thing} ${rejected ? "refused" : "failed"}${when}${meaning === undefined || reason === undefined ? "" : `, ${causeName(reason)}`}: ${what}${words}`,
    evidence: [
      ...reportEvidence(about),
      ...(isOfSignature(reason) ? signatureEvidence(decoded) : []),
      ...triesOf(about),
      ...legacyOf(about),
    ],
    next: [...fixes, ...again, advice],
  };
};

function signatureEvidence(decoded: Facts["decoded"]): Evidence[] {
  if (decoded.kind !== "order") return [];
  return [["signed", signatureText(decoded.document, []) ?? "no"]];
}

export const timedOut: ThingRule = ({ job }, about, say) => {
  const { time } = say;
  const { thing, execution } = about;
  if (execution?.status !== "TIMED_OUT") return undefined;
  const minutes = job.timeoutConfig?.inProgressTimeoutInMinutes;
  const { startedAt, lastUpdatedAt } = execution;
  const tookSeconds =
    startedAt === undefined || lastUpdatedAt === undefined
      ? undefined
      : (lastUpdatedAt.getTime() - startedAt.getTime()) / 1000;
  // AWS checks its timers about once a minute.
  const ofJob = minutes !== undefined && (tookSeconds === undefined || tookSeconds >= minutes * 60 - 1);
  const timer = ofJob ? `the job's timeout of ${minutes} min` : "the timer that the device set for a step";
  const when = lastUpdatedAt === undefined ? "" : ` ${time(lastUpdatedAt)}`;
  return {
    cause: "timed-out",
    sentence: `${thing} timed out${when}: ${timer} ran out, ${phaseOf(about)}`,
    evidence: [
      ["timer", timer],
      ...(tookSeconds === undefined ? [] : [["took", formatSeconds(tookSeconds)] as const]),
      ...reportEvidence(about),
      ...triesOf(about),
    ],
    next: [
      {
        command: null,
        why: "check the device: power, link, log. AWS IoT accepts no more reports of this attempt",
      },
      ...retryOf(job, [{ ...about.report, status: "TIMED_OUT", count: 1, things: [thing] }], say),
    ],
  };
};

export const removed: ThingRule = (facts, about, say) => {
  const { time, fota } = say;
  const { job, queries } = facts;
  const { thing, execution, exists } = about;
  if (execution?.status !== "REMOVED") return undefined;
  const when = execution.lastUpdatedAt === undefined ? "" : ` ${time(execution.lastUpdatedAt)}`;
  const left = isTarget(facts, about) === false;
  const why =
    exists === false
      ? "the thing was deleted"
      : left
        ? "it left the group that is the target"
        : "it was not a target for a while";
  return {
    cause: "removed",
    sentence: `${thing} was removed from job ${job.jobId}${when}: ${why}`,
    evidence: [
      ["targets", targetsOf(job.targetArns, queries)],
      ["its groups", targetsOf(about.groups ?? [], queries) || "none"],
    ],
    next:
      exists === false
        ? [{ command: fota("status", job.jobId, "--things"), why: "lists the things that the job has" }]
        : [promoteTo(job, thing, say)],
  };
};

/** Finds a single canceled execution; for a canceled job, the job's rules report it. */
export const canceled: ThingRule = ({ job }, about, say) => {
  const { time } = say;
  const { thing, execution } = about;
  if (execution?.status !== "CANCELED") return undefined;
  const when = execution.lastUpdatedAt === undefined ? "" : ` ${time(execution.lastUpdatedAt)}`;
  const how = execution.forceCanceled ? "by force, while it was in progress" : "before it started";
  return {
    cause: "canceled",
    sentence: `job ${job.jobId} was canceled for ${thing} only${when}, ${how}`,
    evidence: reportEvidence(about),
    next: [promoteTo(job, thing, say)],
  };
};

export const succeeded: ThingRule = ({ job }, about, { time, fota }) => {
  const { thing, execution, report } = about;
  if (execution?.status !== "SUCCEEDED") return undefined;
  const when = execution.lastUpdatedAt === undefined ? "" : ` ${time(execution.lastUpdatedAt)}`;
  const runs = report.running === undefined ? "" : `: it runs ${report.running}`;
  return {
    cause: "succeeded",
    sentence: `all is well: ${thing} succeeded${when}${runs}`,
    evidence: [...downloadOf(about), ...triesOf(about)],
    next: [{ command: fota("status", job.jobId), why: "shows the others" }],
  };
};

/** Finds a status that only other implementations of the API have. */
export const unknownStatus: ThingRule = ({ job }, { thing, execution }, { fota }) => {
  if (execution === undefined) return undefined;
  return {
    cause: "waiting",
    sentence: `job ${job.jobId} is ${execution.status} on ${thing}, which is not a status of AWS IoT`,
    next: [{ command: fota("status", job.jobId, "--thing", thing), why: "shows all that is known" }],
  };
};

/** Finds a job whose executions all succeeded. */
export const allSucceeded: JobRule = ({ job }, { fota }) => {
  const total = totalOf(job.counts);
  if (total === 0 || job.counts.succeeded < total) return undefined;
  return {
    cause: "succeeded",
    sentence: `all is well: job ${job.jobId} succeeded on ${total === 1 ? "its thing" : `all ${total} things`}`,
    next: [{ command: fota("show", job.jobId), why: "shows the image and the job document" }],
  };
};

function reportEvidence({ report, execution }: ThingFacts): Evidence[] {
  const { reason, phase, expected, actual, running } = report;
  return [
    ...(phase === undefined || execution?.status === "SUCCEEDED" ? [] : [["last phase", phase] as const]),
    ...(expected === undefined ? [] : [["expected", reportedValue(reason, expected)] as const]),
    ...(actual === undefined ? [] : [["actual", reportedValue(reason, actual)] as const]),
    ...(running === undefined ? [] : [["runs", running] as const]),
    ...downloadOf({ report }),
  ];
}

function downloadOf({ report }: Pick<ThingFacts, "report">): Evidence[] {
  const text = downloadText(report);
  return text === undefined ? [] : [["downloaded", text]];
}

function triesOf({ tries = 1 }: ThingFacts): Evidence[] {
  return tries < 2 ? [] : [["attempts", `${tries}, none is left`]];
}

/** Explains a report of the original library, which has only a reason. */
function legacyOf({ report: { reason, phase, detail } }: ThingFacts): Evidence[] {
  const ofOriginal = reason === "bad fota data" || reason === "invalid fota";
  if (!ofOriginal || phase !== undefined || detail !== undefined) return [];
  return [
    [
      "firmware",
      reason === "invalid fota"
        ? "the original library, which reports this also after a download that broke or was refused, one boot later"
        : "the original library, which reports this when the slot is the running one or a key is missing",
    ],
  ];
}
