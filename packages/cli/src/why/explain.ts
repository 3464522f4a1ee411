import type { JobDescription } from "../aws/jobs.js";
import { failureCount } from "../status/causes.js";
import { endedOf } from "../status/pace.js";
import type { Facts, ThingFacts } from "./facts.js";
import type { Finding, JobRule, Say, ThingRule } from "./finding.js";
import type { Explanation } from "./result.js";
import {
  executionDeleted,
  joinedAfterSnapshot,
  noExecutionYet,
  notATarget,
  thingMissing,
} from "./rules-absent.js";
import { jobAborted, jobCanceled } from "./rules-canceled.js";
import { documentInvalid, notFotaJob } from "./rules-document.js";
import {
  allSucceeded,
  canceled,
  failed,
  removed,
  succeeded,
  timedOut,
  unknownStatus,
} from "./rules-ended.js";
import { imageGone, imageReplaced, roleUnusable, urlEndsSoon, urlExpired } from "./rules-image.js";
import { groupEmpty, jobInProgress, noneYet, othersEnded, thingsFailed } from "./rules-job.js";
import { patchUnused } from "./rules-patch.js";
import {
  certificateInactive,
  noCertificate,
  noPolicy,
  policyLacksJobs,
  queuedBehind,
  thingOffline,
  waiting,
} from "./rules-queued.js";
import { inProgress, retried, silent } from "./rules-running.js";
import { jobDeleted, jobScheduled, outsideWindow, rolloutPending, scheduleEnded } from "./rules-schedule.js";
import { promoteTo } from "./steps.js";

const NEXT_MAX = 4;
/** The share of ended executions from which failures are reported first. */
const FAILURE_SHARE_MIN = 0.1;

/** Lists rules by priority: the first finding is the answer, the others are reported with it. */
const DOCUMENT: readonly JobRule[] = [notFotaJob, documentInvalid];
const IMAGE: readonly JobRule[] = [roleUnusable, imageGone, imageReplaced, urlExpired];
const ENDED: readonly ThingRule[] = [succeeded, failed, timedOut, removed, unknownStatus];
const BARRED: readonly ThingRule[] = [noCertificate, certificateInactive, noPolicy, policyLacksJobs];

/** Explains why a job, or one thing of it, has its state. Pure: depends only on the facts and the time. */
export function explain(facts: Facts, thing: string | undefined, say: Say): Explanation {
  const found = thing === undefined ? ofJob(facts, say) : ofThing(facts, say);
  const [first, ...others] = found;
  if (first === undefined) throw new Error(`no rule explains job ${facts.job.jobId}`);
  const steps = found.flatMap(({ next }) => next);
  const next = steps.filter(({ why }, i) => steps.findIndex((step) => step.why === why) === i);
  return {
    jobId: facts.job.jobId,
    thing: thing ?? null,
    cause: first.cause,
    reason: first.reason ?? null,
    explanation: first.sentence,
    evidence: evidenceOf(found),
    also: others.map(({ cause, sentence }) => ({ cause, explanation: sentence })),
    unknown: [...new Set(facts.unknown)],
    next: next.slice(0, NEXT_MAX),
  };
}

function ofThing(facts: Facts, say: Say): Finding[] {
  const about = facts.thing;
  const document = held(DOCUMENT.map((rule) => rule(facts, say)));
  if (document.length > 0 || about === undefined) return document;
  const job = (...rules: JobRule[]) => held(rules.map((rule) => rule(facts, say)));
  const thing = (...rules: ThingRule[]) => held(rules.map((rule) => rule(facts, about, say)));
  switch (about.execution?.status) {
    case undefined:
      return [
        ...thing(thingMissing, notATarget),
        ...job(jobDeleted, jobScheduled, outsideWindow),
        ...firstOf(job(jobAborted, scheduleEnded, jobCanceled)).map((each) =>
          unreached(each, facts, about, say),
        ),
        ...firstOf([...job(rolloutPending), ...thing(joinedAfterSnapshot, executionDeleted, noExecutionYet)]),
      ].slice(0, 1);
    case "QUEUED":
      return [...whyQueued(facts, about, say), ...thing(retried), ...job(urlEndsSoon)];
    case "IN_PROGRESS": {
      const stuck = thing(silent);
      // A device may close its connection during a download, so being offline matters only if it reports nothing.
      const reporting = stuck.length > 0 ? [...stuck, ...thing(thingOffline)] : thing(inProgress);
      const needsImage = ["starting", "downloading", undefined].includes(about.report.phase);
      return [
        ...reporting,
        ...thing(retried, patchUnused),
        ...(needsImage ? job(...IMAGE, urlEndsSoon) : []),
      ];
    }
    case "CANCELED":
      return firstOf([...job(jobAborted, scheduleEnded, jobCanceled), ...thing(canceled)]);
    default:
      return [...firstOf(thing(...ENDED)), ...thing(patchUnused)];
  }
}

/** Names the thing that a job which ended early did not reach. Only after a cancel by hand is the image worth a new job. */
function unreached(finding: Finding, { job }: Facts, { thing }: ThingFacts, say: Say): Finding {
  return {
    ...finding,
    sentence: `${thing} has no execution of the job: ${finding.sentence}`,
    next: finding.cause === "job-canceled" ? [promoteTo(job, thing, say)] : finding.next,
  };
}

function whyQueued(facts: Facts, about: ThingFacts, say: Say): Finding[] {
  const job = (...rules: JobRule[]) => held(rules.map((rule) => rule(facts, say)));
  const thing = (...rules: ThingRule[]) => held(rules.map((rule) => rule(facts, about, say)));
  const barred = thing(...BARRED);
  const found = [
    ...job(jobDeleted, outsideWindow),
    ...thing(queuedBehind),
    ...barred,
    ...job(roleUnusable, imageGone, imageReplaced),
    // A device that may not connect is always offline.
    ...(barred.length > 0 ? [] : thing(thingOffline)),
    ...job(urlExpired),
  ];
  return found.length > 0 ? found : thing(waiting);
}

function ofJob(facts: Facts, say: Say): Finding[] {
  const job = (...rules: JobRule[]) => held(rules.map((rule) => rule(facts, say)));
  const { queued, inProgress: running } = facts.job.counts;
  const ended = job(...DOCUMENT, jobDeleted, jobAborted, scheduleEnded, jobCanceled);
  if (ended[0]?.cause === "not-fota-job") return ended.slice(0, 1); // what a retry could do is not known
  if (ended.length > 0)
    return [...ended.slice(0, 1), ...job(thingsFailed).filter(() => ended[0]?.cause !== "job-aborted")];
  const early = job(jobScheduled, outsideWindow);
  if (early.length > 0 && queued + running === 0) return early.slice(0, 1);
  const open = job(...IMAGE, urlEndsSoon).filter(() => queued + running > 0);
  const failures = job(thingsFailed);
  if (queued + running === 0)
    return firstOf([...failures, ...job(rolloutPending, groupEmpty, noneYet, allSucceeded, othersEnded)]);
  const [one, ...others] = running > 0 || facts.thing === undefined ? [] : whyQueued(facts, facts.thing, say);
  const progress = job(jobInProgress).map((finding) => withExample(finding, one, facts));
  const example = others.map(({ cause, sentence }) => ({ cause, sentence, next: [] }));
  const blocked = open.filter(({ cause }) => cause !== "url-ends-soon");
  const [telling, rest] = manyFailed(facts.job) ? [[...failures, ...blocked], []] : [blocked, failures];
  const found = [...telling, ...progress, ...rest, ...early, ...job(rolloutPending), ...open, ...example];
  return found.filter(({ cause }, i) => found.findIndex((each) => each.cause === cause) === i);
}

/** Adds to a finding about a job why one of its waiting things waits. */
function withExample(finding: Finding, one: Finding | undefined, { job, thing }: Facts): Finding {
  if (one === undefined || thing === undefined) return finding;
  const isOnly = job.counts.queued === 1;
  return {
    ...finding,
    sentence: `${finding.sentence}; ${isOnly ? "" : "for one, "}${one.sentence}`,
    evidence: [[isOnly ? "waits" : "for one", `${thing.thing}: ${one.cause}`]],
  };
}

/** Returns whether failures matter most about a job in progress. */
function manyFailed({ counts }: JobDescription): boolean {
  return failureCount(counts) >= FAILURE_SHARE_MIN * endedOf(counts);
}

function held(findings: readonly (Finding | undefined)[]): Finding[] {
  return findings.filter((finding) => finding !== undefined);
}

function firstOf(findings: readonly Finding[]): Finding[] {
  return findings.slice(0, 1);
}

function evidenceOf(findings: readonly Finding[]): Explanation["evidence"] {
  const rows = findings.flatMap(({ evidence = [] }) => evidence).map(([name, value]) => ({ name, value }));
  const same = (a: (typeof rows)[number], b: (typeof rows)[number]) =>
    a.name === b.name && a.value === b.value;
  return rows.filter((row, i) => rows.findIndex((each) => same(each, row)) === i);
}
