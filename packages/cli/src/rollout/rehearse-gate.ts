import type { RehearsalRun, TimelinePoint } from "@fota/local";
import { endedNeeded, type GateFacts, type GateRule, judgeGate } from "./gate.js";

/** Says what the gate of a stage did in a run of a rehearsal. */
export type RehearsedGate = { kind: "open" | "closed"; afterMs: number } | { kind: "undecided" };

/**
 * Judges the gate at each point of a run, by the same rule as the rollout; a command counts as one that opens it. The
 * counts of a run are of attempts: a device whose last attempt has not ended counts as pending.
 * @param size number of devices
 * @param startDelayMs time from the creation of the job to the start of its schedule
 */
export function rehearseGate(
  rule: GateRule,
  { timeline, abort }: Pick<RehearsalRun, "timeline" | "abort">,
  { size, startDelayMs }: { size: number; startDelayMs: number },
): RehearsedGate {
  const points = timeline.map((point) => ({ ...point, ...outcomesAt(point, size) }));
  const enough = points.find(({ reachedAll, pending }) => {
    return reachedAll && size - pending >= endedNeeded(rule, size);
  });
  const timeoutMs = startDelayMs + rule.timeoutSeconds * 1000;
  const moments = [
    ...points.map(({ afterMs }) => afterMs),
    timeoutMs,
    (enough?.afterMs ?? timeoutMs) + rule.soakSeconds * 1000,
  ].sort((a, b) => a - b);
  for (const afterMs of moments) {
    const now = points.filter((point) => point.afterMs <= afterMs).at(-1);
    if (now === undefined) continue;
    const verdict = judgeGate(rule, {
      status: abort !== undefined && abort.afterMs <= afterMs ? "CANCELED" : "IN_PROGRESS",
      continuous: false,
      succeeded: now.succeeded,
      failed: now.failed,
      pending: now.pending,
      reachedAll: now.reachedAll,
      startedAt: new Date(startDelayMs),
      enoughEndedAt: enough === undefined ? undefined : new Date(enough.afterMs),
      now: new Date(afterMs),
    });
    if (verdict.kind !== "wait") return { kind: verdict.kind === "closed" ? "closed" : "open", afterMs };
  }
  return { kind: "undecided" };
}

function outcomesAt(
  { counts }: TimelinePoint,
  size: number,
): Pick<GateFacts, "succeeded" | "failed" | "pending" | "reachedAll"> {
  const succeeded = counts.SUCCEEDED;
  const pending = counts.QUEUED + counts.IN_PROGRESS;
  const failures = counts.FAILED + counts.TIMED_OUT + counts.REJECTED;
  const reachedAll = succeeded + pending + failures >= size;
  return { succeeded, pending, reachedAll, failed: reachedAll ? size - succeeded - pending : failures };
}
