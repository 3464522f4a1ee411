import type { Advice } from "@fota/shared";
import type { JobDescription } from "../aws/jobs.js";
import { type KnownCause, remediesOf, retryStep } from "../causes/next-steps.js";
import { failureCount } from "../status/causes.js";
import { totalOf } from "../status/pace.js";
import type { Say, Step } from "./finding.js";

/** Suggests the same image for one more thing; `fota promote` needs --force until the job has proven its image. */
export function promoteTo(job: JobDescription, thing: string, { fota }: Say): Step {
  const proven = job.status === "COMPLETED" && job.counts.succeeded === totalOf(job.counts);
  const command = fota("promote", job.jobId, "--to", thing, ...(proven ? [] : ["--force"]));
  const still = proven ? "" : ", which the job has not proven on all others";
  return { command, why: `publishes the same image to it${still}` };
}

export function stepOf({ command, text }: Advice, { fota }: Say): Step {
  return { command: fota(...command), why: text };
}

/** Suggests `fota retry` if it can help with any of the causes. */
export function retryOf(job: JobDescription, causes: readonly KnownCause[], say: Say): Step[] {
  const step = retryStep(job, causes);
  return step === undefined ? [] : [stepOf(step, say)];
}

/**
 * Suggests the commands that fix the causes, of the whole job or of one of its things, then `fota retry`
 * if it can help with any of them.
 */
export function fixesOf(
  job: JobDescription,
  causes: readonly KnownCause[],
  of: "job" | "thing",
  say: Say,
): Step[] {
  const read = causes.reduce((sum, { count }) => sum + count, 0);
  const isSample = of === "job" && read < failureCount(job.counts);
  return [
    ...remediesOf({ jobId: job.jobId, publish: say.publish, isSample }, causes).map((remedy) =>
      stepOf(remedy, say),
    ),
    ...retryOf(job, causes, say),
  ];
}
