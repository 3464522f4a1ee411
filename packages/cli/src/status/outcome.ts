import type { ExecutionCounts } from "../aws/jobs.js";
import type { Style } from "../terminal/paint.js";
import { failureCount } from "./causes.js";
import { STATES } from "./fleet.js";
import { totalOf } from "./pace.js";
import type { JobSummary } from "./result.js";

/** Says how a job went or is going, in a few words. */
export interface Outcome {
  /** Heads the output about one job: `1 of 3 failed`, `2 of 40 done, 30 in progress, 8 queued`. */
  headline: string;
  /** Fits a table cell, with failures first, which a narrow one keeps: `1 failed, 2 succeeded`, `2 of 40 done`. */
  short: string;
  /**
   * Green when everything succeeded, red when it ended with failures, yellow when it needs attention, magenta when
   * canceled.
   */
  style: Style;
}

type Count = keyof ExecutionCounts;

const UNSUCCESSFUL: readonly Count[] = ["failed", "timedOut", "rejected", "removed", "canceled"];
const PENDING: readonly Count[] = ["inProgress", "queued"];

/** Describes how a job went, from its status and counts alone. "canceled" comes first, so it is clear without color. */
export function outcomeOf(job: Pick<JobSummary, "status" | "counts" | "targetsToGo">): Outcome {
  const { status, counts, targetsToGo } = job;
  const total = totalOf(counts);
  if (status === "CANCELED") return canceledOutcome(counts, total);
  if (status === "DELETION_IN_PROGRESS") return same("being deleted", "dim");
  if (total === 0) return emptyOutcome(status);
  const grows = targetsToGo !== undefined;
  const isOver = partsOf(counts, PENDING).length === 0 && !grows;
  return isOver ? endedOutcome(counts, total) : runningOutcome(counts, total, grows);
}

function canceledOutcome(counts: ExecutionCounts, total: number): Outcome {
  if (total === 0)
    return { headline: "canceled before any thing got it", short: "canceled", style: "magenta" };
  const succeeded = `${counts.succeeded} of ${total} succeeded`;
  const failures = partsOf(counts, ["failed", "timedOut", "rejected"]);
  const going = counts.inProgress === 0 ? [] : [`${counts.inProgress} still in progress`];
  return {
    headline: ["canceled", succeeded, ...failures, ...going].join(", "),
    short: ["canceled", ...failures, succeeded].join(", "),
    style: "magenta",
  };
}

function emptyOutcome(status: string): Outcome {
  if (status === "COMPLETED") return same("reached no thing", "yellow");
  return status === "SCHEDULED" ? same("scheduled", "cyan") : same("no thing has it yet", "cyan");
}

function endedOutcome(counts: ExecutionCounts, total: number): Outcome {
  if (counts.succeeded === total) return same(`${total} succeeded`, "green");
  return {
    headline: ofTotal(partsOf(counts, UNSUCCESSFUL), total).join(", "),
    short: [...partsOf(counts, UNSUCCESSFUL), ...partsOf(counts, ["succeeded"])].join(", "),
    style: failureCount(counts) > 0 ? "red" : "yellow",
  };
}

/**
 * Describes a job that has not ended.
 * @param grows whether the rollout has not reached all things, so that the total still grows
 */
function runningOutcome(counts: ExecutionCounts, total: number, grows: boolean): Outcome {
  const { succeeded } = counts;
  const done = `${succeeded} of ${total} done`;
  const unsuccessful = partsOf(counts, UNSUCCESSFUL);
  const ended =
    unsuccessful.length === 0
      ? [done]
      : [...ofTotal(unsuccessful, total), ...(succeeded > 0 ? [`${succeeded} done`] : [])];
  const endedText = `${ended.join(", ")}${grows ? " so far" : ""}`;
  return {
    headline: [endedText, ...partsOf(counts, PENDING)].join(", "),
    short: [...unsuccessful, done].join(", "),
    style: unsuccessful.length === 0 ? "cyan" : "yellow",
  };
}

function same(text: string, style: Style): Outcome {
  return { headline: text, short: text, style };
}

function partsOf(counts: ExecutionCounts, keys: readonly Count[]): string[] {
  return STATES.filter(({ key }) => keys.includes(key) && counts[key] > 0).map(
    ({ key, word }) => `${counts[key]} ${word}`,
  );
}

/** Turns `1 failed` into `1 of 3 failed`; the other parts have no total. */
function ofTotal(parts: readonly string[], total: number): string[] {
  return parts.map((part, i) => (i === 0 ? part.replace(" ", ` of ${total} `) : part));
}
