import type { Tone } from "../pages/look.js";
import { failureCount } from "../status/causes.js";
import { outcomeOf } from "../status/outcome.js";
import type { JobSummary } from "../status/result.js";
import type { Explanation, WhyCause } from "../why/result.js";

/** Answers in a few words how a job stands, and what to do next. */
export interface Verdict {
  tone: Tone;
  /** One or two words, for a glance. */
  word: string;
  /** The counts in words. */
  headline: string;
  explanation: string;
  also: readonly string[];
  next: Explanation["next"];
  /** Lists what could not be read. */
  unknown: readonly string[];
}

/** Lists the causes of a job in progress that need no action. */
const CALM: readonly WhyCause[] = [
  "in-progress",
  "things-waiting",
  "waiting",
  "rollout-pending",
  "outside-window",
  "job-scheduled",
  "thing-offline",
];

export function verdictOf(summary: JobSummary, explanation: Explanation): Verdict {
  return {
    ...lookOf(summary, explanation.cause),
    headline: outcomeOf(summary).headline,
    explanation: explanation.explanation,
    also: explanation.also.map((each) => each.explanation),
    next: explanation.next,
    unknown: explanation.unknown,
  };
}

function lookOf(
  { status, counts, total, targetsToGo }: JobSummary,
  cause: WhyCause,
): Pick<Verdict, "tone" | "word"> {
  if (cause === "job-aborted") return { tone: "bad", word: "Aborted" };
  if (status === "CANCELED") return { tone: "off", word: "Canceled" };
  if (status === "DELETION_IN_PROGRESS") return { tone: "off", word: "Being deleted" };
  if (status === "SCHEDULED") return { tone: "wait", word: "Scheduled" };
  if (total === 0) {
    return status === "COMPLETED"
      ? { tone: "warn", word: "Reached no thing" }
      : { tone: "wait", word: "No thing yet" };
  }
  if (counts.queued + counts.inProgress === 0 && targetsToGo === undefined) {
    if (counts.succeeded === total) return { tone: "good", word: "All succeeded" };
    return failureCount(counts) > 0
      ? { tone: "bad", word: "Ended with failures" }
      : { tone: "warn", word: "Ended" };
  }
  return CALM.includes(cause)
    ? { tone: "run", word: "In progress" }
    : { tone: "warn", word: "Needs attention" };
}
