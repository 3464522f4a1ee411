import { isFotaError } from "@fota/shared";
import type { Iot } from "../aws/iot.js";
import { canPass } from "../causes/cause-table.js";
import { remediesOf } from "../causes/next-steps.js";
import type { PublishNeeds } from "../image/publish-command.js";
import type { Doubt } from "../publish/plan.js";
import { causeText } from "../status/cause-text.js";
import { groupCauses } from "../status/causes.js";
import { openReports } from "../status/reports.js";
import type { FailureCause } from "../status/result.js";
import type { Candidate } from "./candidates.js";

/** Each cause takes a request. */
const CAUSES_MAX = 250;

/** Holds the job to retry, and what a `fota publish` in its place must name. */
interface RepeatedJob {
  jobId: string;
  publish: PublishNeeds;
}

/** Warns of failures that a retry repeats, with the question to ask first. */
export interface Repeats {
  warning: string;
  doubt: Doubt;
}

/**
 * Reads why things failed, for up to 250 of them, and counts those whose cause a retry does not fix. Returns
 * `undefined` if the caller may not read causes: a retry did not need that permission before.
 */
export async function readRepeats(
  iot: Iot,
  { jobId, publish }: RepeatedJob,
  candidates: readonly Candidate[],
): Promise<Repeats | undefined> {
  const failed = candidates.filter(({ last }) => last.status === "FAILED").slice(0, CAUSES_MAX);
  const executions = failed.map(({ thing, last }) => ({ ...last, thing }));
  const reports = await openReports(iot, jobId)
    .of(executions)
    .catch((error: unknown) => {
      if (isFotaError(error, "ACCESS_DENIED")) return [];
      throw error;
    });
  return repeatsOf({ jobId, publish }, groupCauses(reports), candidates.length);
}

/** Warns of repeated failures. @param total number of things of the retry */
export function repeatsOf(
  job: RepeatedJob,
  causes: readonly FailureCause[],
  total: number,
): Repeats | undefined {
  const repeated = causes.filter(({ reason }) => !canPass(reason));
  if (repeated.length === 0) return undefined;
  const count = repeated.reduce((sum, cause) => sum + cause.count, 0);
  const who =
    count < total ? `${count} of ${total} things` : total === 1 ? "the thing" : `all ${total} things`;
  const [hint] = remediesOf(job, repeated);
  return {
    warning: `${who} will likely fail again, as only the URL changes: ${repeated.map(formatRepeated).join("; ")}`,
    doubt: {
      question: `retry ${total === 1 ? "it" : `all ${total}`} anyway?`,
      hint: hint && { ...hint, text: `<command> ${hint.text}` },
    },
  };
}

function formatRepeated({ count, things, ...cause }: FailureCause): string {
  const more = count > things.length ? ", ..." : "";
  return `${count}× ${causeText(cause)} [${things.join(", ")}${more}]`;
}
