import type { JobExecutionStatus } from "@fota/shared";
import { listExecutions } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import type { JobDescription } from "../aws/jobs.js";
import { hasEnded } from "../status/summary.js";

/** Says whether a job proves that its image works. */
export interface Proof {
  proven: boolean;
  /** Reads as in `3 succeeded, 1 failed`. */
  text: string;
}

const FAILURES = ["FAILED", "TIMED_OUT", "REJECTED", "CANCELED"] as const satisfies JobExecutionStatus[];

/**
 * Judges a job. It proves its image when it has ended, at least one thing succeeded, and the last attempt of every
 * other thing did too. A thing that left the group counts neither way.
 */
export async function proofOf(iot: Iot, job: JobDescription): Promise<Proof> {
  const { counts } = job;
  const ends = {
    succeeded: counts.succeeded,
    failed: counts.failed,
    "timed out": counts.timedOut,
    rejected: counts.rejected,
    canceled: counts.canceled,
    "in progress": counts.inProgress,
    queued: counts.queued,
  };
  const counted = Object.entries(ends).filter(([, count]) => count > 0);
  const text = counted.map(([word, count]) => `${count} ${word}`).join(", ") || "no thing has it yet";
  if (job.status === "CANCELED" || !hasEnded(job))
    return { proven: false, text: `it is ${job.status}: ${text}` };
  if (counts.succeeded === 0) return { proven: false, text };
  const bad = counts.failed + counts.timedOut + counts.rejected + counts.canceled;
  if (bad === 0) return { proven: true, text };
  if (!retries(job) || !(await allSucceededLater(iot, job.jobId))) return { proven: false, text };
  return { proven: true, text: `${text}; each thing succeeded in a later attempt` };
}

function retries({ jobExecutionsRetryConfig }: JobDescription): boolean {
  return (jobExecutionsRetryConfig?.criteriaList ?? []).some(
    ({ numberOfRetries = 0 }) => numberOfRetries > 0,
  );
}

/**
 * Returns whether every thing that failed succeeded later: the counts are of attempts, so a failed one may have been
 * repeated.
 */
async function allSucceededLater(iot: Iot, jobId: string): Promise<boolean> {
  const unproven = new Set<string>();
  for (const status of FAILURES) {
    for await (const { thing } of listExecutions(iot, jobId, status)) unproven.add(thing);
  }
  for await (const { thing } of listExecutions(iot, jobId, "SUCCEEDED")) unproven.delete(thing);
  return unproven.size === 0;
}
