import type { JobExecutionStatus } from "@fota/shared";
import type { ExecutionCounts } from "../aws/jobs.js";
import { remedyKey, THINGS_OF_CAUSE } from "../causes/next-steps.js";
import { given } from "../given.js";
import type { FailureCause, ThingSummary } from "./result.js";

/** Lists the statuses that things report a cause for. */
const FAILURES = ["FAILED", "TIMED_OUT", "REJECTED"] as const;
const KEYS = { FAILED: "failed", TIMED_OUT: "timedOut", REJECTED: "rejected" } as const;

/**
 * Groups the failures among `things` by reported cause and, if it has values that another command fixes, such as the
 * model, by these; the most frequent first.
 */
export function groupCauses(things: readonly ThingSummary[]): FailureCause[] {
  const causes = new Map<string, FailureCause>();
  for (const { thing, status, reason, phase, detail, expected, actual } of things) {
    if (!isFailure(status)) continue;
    const remedy = remedyKey({ reason, detail, expected, actual });
    const key = JSON.stringify([status, reason ?? null, reason === undefined ? phase : undefined, remedy]);
    const found = causes.get(key) ?? {
      status,
      reason: reason ?? null,
      ...(reason === undefined && phase !== undefined && { phase }),
      ...given({ detail, expected, actual }),
      count: 0,
      things: [],
    };
    found.count += 1;
    if (found.things.length < THINGS_OF_CAUSE && !found.things.includes(thing)) found.things.push(thing);
    causes.set(key, found);
  }
  return [...causes.values()].sort((a, b) => b.count - a.count);
}

/** Returns the failure statuses that a job has, the most frequent first. */
export function failingStatuses(counts: ExecutionCounts): (typeof FAILURES)[number][] {
  return FAILURES.filter((status) => counts[KEYS[status]] > 0).sort(
    (a, b) => counts[KEYS[b]] - counts[KEYS[a]],
  );
}

export function failureCount({ failed, timedOut, rejected }: ExecutionCounts): number {
  return failed + timedOut + rejected;
}

export function isFailure(status: JobExecutionStatus): status is FailureCause["status"] {
  return FAILURES.some((failure) => failure === status);
}
