import { FotaError } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import type { JobDescription } from "../aws/jobs.js";
import { groupOption } from "../causes/next-steps.js";
import { grouped } from "../grouped.js";
import { publishNeeds } from "../image/publish-command.js";
import { jobIdFrom } from "../job/job-id.js";
import type { JobSources } from "../job/job-spec.js";
import { fillPublishNeeds } from "../job/publish-needs.js";
import { thingTarget } from "../job/targets.js";
import type { Plan } from "../publish/plan.js";
import { warningsOf } from "../publish/warnings.js";
import { type Candidate, type Candidates, type EndWord, findCandidates, type LeftOut } from "./candidates.js";
import { type OldJob, planRepublish, type RepublishOptions, republishSpec } from "./plan-again.js";
import { readRepeats } from "./repeats.js";

interface RetryInput extends JobSources {
  ends: readonly EndWord[];
  options: RepublishOptions;
  progress(text: string): void;
}

/**
 * Plans a new job for the things on which an old one did not succeed.
 * @throws {FotaError} NOTHING_TO_RETRY, LEGACY_UNSAFE, and what `planJob` throws
 */
export async function planRetry(cloud: Cloud, old: OldJob, input: RetryInput): Promise<Plan> {
  const { job, document } = old;
  const { ends, options, now, progress } = input;
  const ownId = (ended: readonly string[]) => options.jobId ?? retryJobId(old, ended);
  const candidates = await findCandidates(cloud.iot, { job, document }, ends, {
    retryJobId: ownId,
    progress,
  });
  const things = candidates.retried.map(({ thing }) => thing);
  if (things.length === 0) throw nothingToRetry(job, candidates, ends);
  const targets = things.map((thing) => thingTarget(thing, thingArnBeside(job.jobArn, thing)));
  const spec = republishSpec(old, options, targets, input);
  const plan = await planRepublish(old, spec, cloud, now, () => ownId(candidates.ended));
  checkIdPrefixes(plan.jobId, candidates.retried);
  const warnings = [...plan.warnings, ...warningsOf("THINGS_LEFT_OUT", leftOutTexts(candidates))];
  const publish = fillPublishNeeds(publishNeeds(input), document, cloud.s3.endpoint);
  const repeated = { jobId: job.jobId, publish };
  const repeats =
    plan.existing === undefined ? await readRepeats(cloud.iot, repeated, candidates.retried) : undefined;
  if (repeats === undefined) return { ...plan, warnings };
  warnings.push(...warningsOf("LIKELY_REPEATED", [repeats.warning]));
  return { ...plan, warnings, doubt: repeats.doubt };
}

/** Returns the ARN of a thing in the account and region of a job. */
function thingArnBeside(jobArn: string, thing: string): string {
  return `${jobArn.slice(0, jobArn.lastIndexOf(":"))}:thing/${thing}`;
}

/** Returns the job id of a retry: repeating the same retry of the same things gives the same job. */
function retryJobId({ job, document, images }: OldJob, things: readonly string[]): string {
  const of = { fwVersion: document.bc_version, imageKey: images[0].object.key };
  return jobIdFrom(of, JSON.stringify(["retry", job.jobId, things]));
}

/**
 * Checks that the job id is not a prefix of a pending job's id, or the reverse: the original library confuses two
 * such jobs (B-21), and AWS does not record which library a device runs.
 * @throws {FotaError} LEGACY_UNSAFE
 */
function checkIdPrefixes(jobId: string, candidates: readonly Candidate[]): void {
  for (const { thing, pendingJobIds } of candidates) {
    const other = pendingJobIds.find((id) => id !== jobId && (id.startsWith(jobId) || jobId.startsWith(id)));
    if (other === undefined) continue;
    throw new FotaError(
      "LEGACY_UNSAFE",
      `${thing} has job ${other} pending, and an original device cannot tell it from ${jobId}`,
      { hint: "give another --job-id, or cancel the pending job first" },
    );
  }
}

function nothingToRetry(
  { jobId, counts }: JobDescription,
  { leftOut }: Candidates,
  ends: readonly EndWord[],
): FotaError {
  const [first] = leftOut;
  if (first !== undefined) {
    const others = leftOut.length - 1;
    const more = others > 0 ? `; ${others} more ${others === 1 ? "is" : "are"} left out like this` : "";
    const isLater = first.image === "later";
    return new FotaError(
      "NOTHING_TO_RETRY",
      `there is nothing to retry in job ${jobId}: ${first.thing} is ${stateText(first)}, which ${isLater ? "is later and has other firmware" : "has the same image"}${more}`,
      {
        hint: isLater
          ? `\`fota publish --to\` puts the older image on ${others > 0 ? "them" : "it"} on purpose`
          : { text: "run <command> to see its state", command: ["status", "<job>"] },
      },
    );
  }
  const ended = { rejected: counts.rejected, removed: counts.removed, canceled: counts.canceled };
  const others = Object.entries(ended).filter(
    ([word, count]) => count > 0 && !ends.some((end) => end === word),
  );
  const message = `no thing of job ${jobId} is ${ends.join(" or ").replaceAll("-", " ")}`;
  const only = others.map(([word]) => word).join(",");
  const group = groupOption(others.reduce((sum, [, count]) => sum + count, 0));
  const counted = others.map(([word, count]) => `${count} ${word}`).join(", ");
  return new FotaError("NOTHING_TO_RETRY", message, {
    hint:
      others.length === 0
        ? { text: "run <command> to see its state", command: ["status", jobId] }
        : {
            text: `${counted}: <command> retries those`,
            command: ["retry", jobId, "--only", only, ...group],
          },
  });
}

/** Names at most this many jobs in a warning. */
const JOBS_NAMED = 3;

function leftOutTexts({ leftOut }: Candidates): string[] {
  const same = leftOut.filter(({ image }) => image === "same");
  const later = leftOut.filter(({ image }) => image === "later");
  return [
    ...byState(same).map((text) => `left out: ${text}, which has the same image`),
    ...(later.length === 0 ? [] : [laterText(later)]),
  ];
}

function laterText(later: readonly LeftOut[]): string {
  const states = byState(later);
  const named = states.slice(0, JOBS_NAMED).join("; ") + (states.length > JOBS_NAMED ? "; ..." : "");
  const things = later.length === 1 ? "1 thing" : `${later.length} things`;
  return `${things} left out, as a later job brings other firmware: ${named}; \`fota publish --to\` replaces that on purpose`;
}

/** Formats things by job and status, as in `pump-1 and 2 more, SUCCEEDED in job fota-1`. */
function byState(things: readonly LeftOut[]): string[] {
  return grouped(things, stateText).map(([first, ...others]) => {
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    return `${first.thing}${more}, ${stateText(first)}`;
  });
}

function stateText({ status, jobId }: LeftOut): string {
  return `${status} in job ${jobId}`;
}
