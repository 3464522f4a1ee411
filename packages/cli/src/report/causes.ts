import { causeEntry } from "../causes/cause-table.js";
import { remediesOf } from "../causes/next-steps.js";
import { given } from "../given.js";
import type { PublishNeeds } from "../image/publish-command.js";
import { causeText } from "../status/cause-text.js";
import { failureCount } from "../status/causes.js";
import type { FailureCause, JobSummary } from "../status/result.js";

/** Holds a cause of failure with its meaning and its fix. */
export interface ExplainedCause extends Pick<FailureCause, "status" | "reason" | "count" | "things"> {
  /** The cause as the first of the things reported it. */
  text: string;
  meaning?: string;
  advice?: string;
  /** Fixes the cause. */
  remedy?: { command: string; why: string };
}

export interface ExplainedCauses {
  causes: readonly ExplainedCause[];
  /** Counts the failures whose cause was read. */
  read: number;
  failures: number;
}

/** Explains the causes of a job's failures, the most frequent first. */
export function explainCauses(
  { jobId, counts, causes = [], causesRead = 0 }: JobSummary,
  fota: (...command: string[]) => string,
  publish: PublishNeeds,
): ExplainedCauses {
  const isSample = causesRead < failureCount(counts);
  const explained = causes.map((cause) => {
    const entry = causeEntry(cause.reason);
    const [remedy] = remediesOf({ jobId, publish, isSample }, [cause]);
    return {
      status: cause.status,
      reason: cause.reason,
      count: cause.count,
      things: cause.things,
      text: causeText(cause),
      ...given({ meaning: entry?.what, advice: entry?.advice }),
      ...(remedy !== undefined && { remedy: { command: fota(...remedy.command), why: remedy.text } }),
    };
  });
  return { causes: explained, read: causesRead, failures: failureCount(counts) };
}
