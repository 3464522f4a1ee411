import { FotaError } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import type { JobDescription } from "../aws/jobs.js";
import { publishNeeds } from "../image/publish-command.js";
import { jobIdFrom } from "../job/job-id.js";
import type { JobSources } from "../job/job-spec.js";
import { fillPublishNeeds } from "../job/publish-needs.js";
import { thingTarget } from "../job/targets.js";
import type { Plan } from "../publish/plan.js";
import { warningsOf } from "../publish/warnings.js";
import { type Candidate, type Candidates, type EndWord, findCandidates } from "./candidates.js";
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
  const candidates = await findCandidates(cloud.iot, { jobId: job.jobId, document }, ends, {
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
    const more = leftOut.length > 1 ? ` and ${leftOut.length - 1} more` : "";
    return new FotaError(
      "NOTHING_TO_RETRY",
      `there is nothing to retry in job ${jobId}: ${first.thing} is ${first.because}${more}`,
      { hint: { text: "run <command> to see its state", command: ["status", "<job>"] } },
    );
  }
  const ended = { rejected: counts.rejected, removed: counts.removed, canceled: counts.canceled };
  const others = Object.entries(ended).filter(
    ([word, count]) => count > 0 && !ends.some((end) => end === word),
  );
  const message = `no thing of job ${jobId} is ${ends.join(" or ").replaceAll("-", " ")}`;
  const only = others.map(([word]) => word).join(",");
  const counted = others.map(([word, count]) => `${count} ${word}`).join(", ");
  return new FotaError("NOTHING_TO_RETRY", message, {
    hint:
      others.length === 0
        ? { text: "run <command> to see its state", command: ["status", jobId] }
        : { text: `${counted}: <command> retries those`, command: ["retry", jobId, "--only", only] },
  });
}

function leftOutTexts({ leftOut }: Candidates): string[] {
  const byReason = new Map<string, string[]>();
  for (const { thing, because } of leftOut) byReason.set(because, [...(byReason.get(because) ?? []), thing]);
  return [...byReason].map(([because, [first, ...others]]) => {
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    return `left out: ${first}${more}, ${because}`;
  });
}
