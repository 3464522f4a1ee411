import { isTerminal } from "@fota/shared";
import { type Execution, listExecutions } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import type { JobDescription } from "../aws/jobs.js";
import { failureCount } from "../status/causes.js";
import { startOf, totalOf } from "../status/pace.js";
import { endedNeeded, type GateFacts, type GateRule } from "./gate.js";

/** Reads the facts of one job, again and again; it lists executions only if the counts of the job are not enough. */
export interface FactReader {
  read(job: JobDescription, rule: GateRule, now: Date): Promise<GateFacts>;
}

type Outcomes = Pick<GateFacts, "succeeded" | "failed" | "pending">;

const FAILED: readonly Execution["status"][] = ["FAILED", "TIMED_OUT", "REJECTED"];

export function openFacts(iot: Iot): FactReader {
  let listed: { key: string; last: Execution[] } | undefined;

  /** Lists the last attempt on each thing; lists again only if the counts have changed since. */
  async function lastAttempts({ jobId, counts }: JobDescription): Promise<Execution[]> {
    const key = JSON.stringify([jobId, counts]);
    if (listed?.key === key && totalOf(counts) > 0) return listed.last;
    const last = new Map<string, Execution>();
    for await (const execution of listExecutions(iot, jobId)) {
      const known = last.get(execution.thing);
      if (known === undefined || known.executionNumber < execution.executionNumber) {
        last.set(execution.thing, execution);
      }
    }
    listed = { key, last: [...last.values()] };
    return listed.last;
  }

  return {
    async read(job, rule, now) {
      // Other implementations of the API send no counts.
      const isCounted = totalOf(job.counts) > 0 && !repeatsThings(job);
      const outcomes = isCounted ? outcomesIn(job) : outcomesOf(await lastAttempts(job));
      const ended = outcomes.succeeded + outcomes.failed;
      const { status, continuous, pendingTargets, createdAt = now } = job;
      const start = startOf(job);
      const isKnown = ended + outcomes.pending > 0 || status === "COMPLETED";
      const reachedAll = status !== "SCHEDULED" && pendingTargets === 0 && isKnown;
      const needed = endedNeeded(rule, ended + outcomes.pending);
      const enoughEndedAt =
        needsTime(rule) && reachedAll && ended >= needed
          ? await endOfNumber(needed, job, rule, lastAttempts)
          : undefined;
      return {
        ...outcomes,
        status,
        reason: [job.reasonCode, job.comment].filter(Boolean).join(": ") || undefined,
        reachedAll,
        continuous,
        startedAt: start !== undefined && start > createdAt ? start : createdAt,
        enoughEndedAt,
        now,
      };
    },
  };
}

/** AWS counts attempts, so the counts of a job with retries are not counts of things. */
function repeatsThings({ jobExecutionsRetryConfig, counts }: JobDescription): boolean {
  const retries = (jobExecutionsRetryConfig?.criteriaList ?? []).some(({ numberOfRetries = 0 }) => {
    return numberOfRetries > 0;
  });
  return retries && failureCount(counts) > 0;
}

function outcomesIn({ counts }: JobDescription): Outcomes {
  return {
    succeeded: counts.succeeded,
    failed: failureCount(counts),
    pending: counts.queued + counts.inProgress,
  };
}

function outcomesOf(last: readonly Execution[]): Outcomes {
  const count = (matches: (execution: Execution) => boolean) => last.filter(matches).length;
  return {
    succeeded: count(({ status }) => status === "SUCCEEDED"),
    failed: count(({ status }) => FAILED.includes(status)),
    pending: count(({ status }) => !isTerminal(status)),
  };
}

function needsTime({ soakSeconds, command }: GateRule): boolean {
  return soakSeconds > 0 || command !== undefined;
}

/**
 * Returns when that many things had ended. The answer stays the same while more of them end, whichever machine asks: a
 * soak does not begin again.
 */
async function endOfNumber(
  needed: number,
  job: JobDescription,
  { afterPercent }: GateRule,
  lastAttempts: (job: JobDescription) => Promise<Execution[]>,
): Promise<Date | undefined> {
  if (afterPercent === 100 && !job.continuous && job.completedAt !== undefined) return job.completedAt;
  const times = (await lastAttempts(job))
    .filter(({ status }) => status === "SUCCEEDED" || FAILED.includes(status))
    .flatMap(({ lastUpdatedAt }) => lastUpdatedAt ?? [])
    .sort((a, b) => a.getTime() - b.getTime());
  return times[needed - 1];
}
