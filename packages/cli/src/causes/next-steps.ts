import { type Advice, JOB_TARGETS_MAX } from "@fota/shared";
import type { ExecutionCounts } from "../aws/jobs.js";
import { thingText } from "../aws/target-prefixes.js";
import type { PublishNeeds } from "../image/publish-command.js";
import { canPass, causeEntry } from "./cause-table.js";
import type { FailedThing } from "./remedies.js";

/** Holds why things of a job failed: one cause, on one thing or on several. */
export interface KnownCause extends Omit<FailedThing, "jobId" | "targets" | "publish"> {
  status: string;
  reason?: string | null | undefined;
  count: number;
  /** Lists the things, or the first 3 of more. */
  things: readonly string[];
}

/** Limits the things that a cause lists. */
export const THINGS_OF_CAUSE = 3;

/** Maps the words of `fota retry --only` to counts. */
const RETRIED = [
  ["failed", "failed", "FAILED", "failed"],
  ["timed-out", "timedOut", "TIMED_OUT", "timed out"],
  ["canceled", "canceled", "CANCELED", "got canceled"],
] as const;
const WITHOUT_ONLY: readonly string[] = ["failed", "timed-out"];

/**
 * Returns the commands that fix the causes, each once, in the order of the causes. A cause that `fota retry` fixes has
 * none. With `isSample`, more things of the job may have these causes.
 */
export function remediesOf(
  { jobId, publish, isSample = false }: { jobId: string; publish: PublishNeeds; isSample?: boolean },
  causes: readonly KnownCause[],
): Advice[] {
  const found = causes.flatMap((cause) => {
    const { reason, things, detail, expected, actual } = cause;
    const remedy = causeEntry(reason)?.remedy;
    if (remedy === undefined || things.length === 0) return [];
    const targets = isSample || !listsAllThings(cause) ? [fileOf(cause)] : things.map(targetText);
    const advice = remedy({ jobId, targets, detail, expected, actual, publish });
    const group = advice.command[0] === "publish" ? groupOption(cause.count) : [];
    return [{ ...advice, command: [...advice.command, ...group] }];
  });
  const keys = found.map(({ command, text }) => JSON.stringify([command, text]));
  return found.filter((_, i) => keys.indexOf(keys[i] ?? "") === i);
}

/** Returns the command that fixes the cause, without its things: the same for all things that it fixes. */
export function remedyKey(cause: Pick<KnownCause, "reason" | "detail" | "expected" | "actual">): string {
  return JSON.stringify(bareRemedy(cause));
}

function bareRemedy({
  reason,
  detail,
  expected,
  actual,
}: Pick<KnownCause, "reason" | "detail" | "expected" | "actual">): Advice | undefined {
  return causeEntry(reason)?.remedy?.({ jobId: "", targets: [], detail, expected, actual, publish: {} });
}

/** Returns the target for more things than a command names: a file of those that one command is right for. */
function fileOf(cause: KnownCause): string {
  const words = bareRemedy(cause)?.command ?? [];
  const values = words.flatMap((word, i) => {
    const value = words[i + 1] ?? "<";
    if (!word.startsWith("--") || value.startsWith("<")) return [];
    return [word === "--slot" ? `slot-${value}` : value];
  });
  return `@${[cause.reason, ...values].join("-").replace(/[^\w.-]/g, "-")}.txt`;
}

function targetText(thing: string): string {
  return thingText(thing, `<ARN of thing ${thing}>`);
}

/** Returns whether `things` has every thing with the cause. */
export function listsAllThings({ count, things }: Pick<KnownCause, "count" | "things">): boolean {
  return things.length < THINGS_OF_CAUSE || count <= things.length;
}

/** Returns the option for more things than AWS takes as the targets of a job; a group may also have fewer. */
export function groupOption(things: number): string[] {
  return things > JOB_TARGETS_MAX ? ["--make-group", "<name>"] : [];
}

/**
 * Returns `fota retry` for the outcomes that a later attempt can change; `undefined` if there are none. A cause with
 * its own remedy does not count, nor does one that cannot pass; an unknown cause counts.
 */
export function retryStep(
  { jobId, counts }: { jobId: string; counts: ExecutionCounts },
  causes: readonly KnownCause[],
): Advice | undefined {
  const ends = RETRIED.filter(([, key, status]) => {
    const known = causes.filter((cause) => cause.status === status);
    return counts[key] > 0 && (known.length === 0 || known.some(({ reason }) => isForRetry(reason)));
  });
  if (ends.length === 0) return undefined;
  const words = ends.map(([word]) => word);
  const count = ends.reduce((sum, [, key]) => sum + counts[key], 0);
  const only = words.every((word) => WITHOUT_ONLY.includes(word)) && coversDefault(words, counts);
  return {
    command: ["retry", jobId, ...(only ? [] : ["--only", words.join(",")]), ...groupOption(count)],
    text: retryText(
      ends.map(([, key, , did]) => `the ${counts[key] === 1 ? "one" : counts[key]} that ${did}`),
      ends.map(([, key, status]) => ({
        total: counts[key],
        causes: causes.filter((cause) => cause.status === status),
      })),
    ),
  };
}

function retryText(
  what: readonly string[],
  ends: readonly { total: number; causes: readonly KnownCause[] }[],
): string {
  const causes = ends.flatMap((end) => end.causes);
  const first = causes.flatMap(({ reason }) => causeEntry(reason)?.retryFirst ?? [])[0];
  const again = countOf(causes.filter(({ reason }) => !canPass(reason)));
  const isSample = ends.some((end) => end.causes.length > 0 && countOf(end.causes) < end.total);
  const of = isSample ? ` of the ${countOf(causes)} whose cause was read` : "";
  return [
    `publishes the same image again, with a fresh URL, to ${what.join(" and ")}`,
    ...(first === undefined ? [] : [`first ${first}`]),
    ...(again === 0 ? [] : [`${again}${of} will likely fail again`]),
  ].join("; ");
}

function countOf(causes: readonly KnownCause[]): number {
  return causes.reduce((sum, { count }) => sum + count, 0);
}

/** What `fota-agent` reports of a handler in jobs.d: `fota retry` publishes only firmware. */
const NOT_FIRMWARE = "handler-failed";

/** Returns whether `fota retry` without `--only` retries nothing beyond `words`. */
function coversDefault(words: readonly string[], counts: ExecutionCounts): boolean {
  return RETRIED.every(
    ([word, key]) => !WITHOUT_ONLY.includes(word) || counts[key] === 0 || words.includes(word),
  );
}

function isForRetry(reason: string | null | undefined): boolean {
  return reason !== NOT_FIRMWARE && canPass(reason) && causeEntry(reason)?.remedy === undefined;
}
