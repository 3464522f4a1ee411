import {
  FotaError,
  IN_PROGRESS_TIMEOUT_MAX_MINUTES,
  RETRIES_MAX,
  ROLLOUT_MAX_PER_MINUTE,
  TAGS_MAX,
} from "@fota/shared";
import { given } from "../given.js";
import { parseDurationSeconds } from "../settings/flags.js";

/** Maps the command line's words for failures to AWS's; `any` matches all of them. */
const FAILURES = { failed: "FAILED", rejected: "REJECTED", "timed-out": "TIMED_OUT", any: "ALL" } as const;
type FailureWord = keyof typeof FAILURES;
type Failure = (typeof FAILURES)[FailureWord];

/**
 * Says how fast a job reaches its things, when it aborts, and how long each thing may take. Holds AWS's numbers,
 * checked.
 */
export interface Rollout {
  /** Limits the things per minute. */
  ratePerMinute?: number;
  ramp?: Ramp;
  abortOn: AbortRule[];
  timeoutMinutes?: number;
  retries: { failure: Exclude<Failure, "REJECTED">; count: number }[];
}

/** Starts at `basePerMinute` and multiplies by `factor` each time another `every` things are notified or succeed. */
export interface Ramp {
  basePerMinute: number;
  factor: number;
  every: number;
  of: "notified" | "succeeded";
}

/** Cancels the job when `percent` of the things that ended, and at least `minThings` of them, ended with `failure`. */
interface AbortRule {
  failure: Failure;
  percent: number;
  minThings: number;
}

/** Holds the texts of options and presets. */
export interface RolloutTexts {
  rate?: string;
  ramp?: string;
  abortOn?: readonly string[];
  thingTimeout?: string;
  retry?: string;
}

/** Starts all things at once and never aborts. */
const PLAIN_ROLLOUT: Rollout = { abortOn: [], retries: [] };

/**
 * Parses the options of a rollout; `base` has the values of options that are not given.
 * @throws {FotaError} ROLLOUT_INVALID, naming the option
 */
export function parseRollout(texts: RolloutTexts, base: Rollout = PLAIN_ROLLOUT): Rollout {
  const { rate, ramp: rampText, abortOn, thingTimeout, retry } = texts;
  const timeoutMinutes = thingTimeout === undefined ? base.timeoutMinutes : parseThingTimeout(thingTimeout);
  const perMinute = rate === undefined ? base.ratePerMinute : parseRate(rate);
  const ramp = rampText === undefined ? base.ramp : parseRamp(rampText);
  // Keep this order: job ids are made of it.
  const rollout: Rollout = {
    ...given({ ratePerMinute: perMinute, ramp }),
    abortOn: abortOn === undefined ? base.abortOn : abortOn.map(parseAbortRule),
    ...given({ timeoutMinutes }),
    retries: retry === undefined ? base.retries : parseRetries(retry),
  };
  const { ratePerMinute = ROLLOUT_MAX_PER_MINUTE } = rollout;
  if (rollout.ramp !== undefined && rollout.ramp.basePerMinute > ratePerMinute) {
    throw invalid(
      `--ramp starts at ${rollout.ramp.basePerMinute} a minute, over --rate ${ratePerMinute}/min`,
    );
  }
  if (rollout.retries.some(({ failure }) => failure === "TIMED_OUT") && timeoutMinutes === undefined) {
    throw invalid(
      "--retry timed-out needs --thing-timeout: without it nothing ever times out",
      "add --thing-timeout 30m",
    );
  }
  return rollout;
}

/** Parses `key=value` texts. @throws {FotaError} USAGE */
export function parseTags(texts: readonly string[]): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const text of texts) {
    const at = text.indexOf("=");
    const [key, value] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
    const legal =
      key.length <= 128 && value.length <= 256 && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(key + value);
    if (key === "" || !legal || key.startsWith("aws:")) {
      throw new FotaError("USAGE", `--tag must be a key, = and a value, got ${JSON.stringify(text)}`, {
        hint: "such as --tag team=pumps; letters, digits, spaces and _ . : / = + - @; not aws: in front",
      });
    }
    tags[key] = value;
  }
  if (Object.keys(tags).length <= TAGS_MAX) return tags;
  throw new FotaError("USAGE", `${Object.keys(tags).length} tags, AWS allows ${TAGS_MAX}`);
}

function parseRate(text: string): number {
  const [, number = "", unit] = /^(\d{1,7})(?:\/(min|m|h))?$/.exec(text.trim()) ?? [];
  const perMinute = unit === "h" ? Number(number) / 60 : Number(number);
  if (number !== "" && Number.isInteger(perMinute) && inRange(perMinute, 1, ROLLOUT_MAX_PER_MINUTE)) {
    return perMinute;
  }
  throw invalid(
    `--rate must be 1 to ${ROLLOUT_MAX_PER_MINUTE} things a minute, got ${JSON.stringify(text)}`,
    "write 50/min, or 600/h, which must be a multiple of 60",
  );
}

function parseRamp(text: string): Ramp {
  const pattern = /^(\d{1,4})(?:\/min)? ?[x*] ?(\d(?:\.\d)?) (?:after|every) (\d{1,7}) (notified|succeeded)$/;
  const [, base = "", factor = "", every = "", of] = pattern.exec(text.trim()) ?? [];
  const ramp = { basePerMinute: Number(base), factor: Number(factor), every: Number(every) };
  if (
    (of === "notified" || of === "succeeded") &&
    inRange(ramp.basePerMinute, 1, ROLLOUT_MAX_PER_MINUTE) &&
    inRange(ramp.factor, 1.1, 5) &&
    ramp.every >= 1
  ) {
    return { ...ramp, of };
  }
  throw invalid(
    `--ramp must be a rate, a factor from 1.1 to 5 and a number of things, got ${JSON.stringify(text)}`,
    'write "10/min x2 after 50 succeeded": ten a minute, doubled after each 50 things (or: notified)',
  );
}

function parseAbortRule(text: string): AbortRule {
  const pattern = /^([a-z-]+) ?>=? ?(\d{1,3}(?:\.\d{1,2})?) ?% after (\d{1,7})$/;
  const [, word = "", percent = "", minThings = ""] = pattern.exec(text.trim()) ?? [];
  const rule = { percent: Number(percent), minThings: Number(minThings) };
  if (isFailureWord(word) && rule.percent > 0 && rule.percent <= 100 && rule.minThings >= 1) {
    return { failure: FAILURES[word], ...rule };
  }
  throw invalid(
    `--abort-on must be a failure, a percentage and a number of things, got ${JSON.stringify(text)}`,
    'write "failed>10% after 20": when 20 things have ended and more than 10% of them failed; or rejected, timed-out, any',
  );
}

/** Formats a rule as the command line writes it. */
export function abortRuleText({ failure, percent, minThings }: AbortRule): string {
  return `${failureWord(failure)}>${percent}% after ${minThings}`;
}

/** Returns the command line's word for AWS's name of a failure; an unknown name stays as it is. */
export function failureWord(failure: string): string {
  return Object.entries(FAILURES).find(([, awsName]) => awsName === failure)?.[0] ?? failure;
}

function parseThingTimeout(text: string): number {
  const seconds = parseDurationSeconds(text);
  if (
    seconds !== undefined &&
    seconds % 60 === 0 &&
    inRange(seconds / 60, 1, IN_PROGRESS_TIMEOUT_MAX_MINUTES)
  ) {
    return seconds / 60;
  }
  throw invalid(
    `--thing-timeout must be whole minutes, from 1m to 7d, got ${JSON.stringify(text)}`,
    "write 30m or 2h: how long one thing may take; with --wait, --timeout limits how long this command waits",
  );
}

function parseRetries(text: string): Rollout["retries"] {
  const retries = text.split(",").map((part) => {
    const [, word = "", count = ""] = /^([a-z-]+):(\d{1,2})$/.exec(part.trim()) ?? [];
    if (!isFailureWord(word) || word === "rejected") throw invalidRetry(text);
    return { failure: FAILURES[word], count: Number(count) };
  });
  const total = retries.reduce((sum, { count }) => sum + count, 0);
  const words = new Set(retries.map(({ failure }) => failure));
  const doubled = words.size < retries.length || (words.has("ALL") && words.size > 1);
  if (doubled || !inRange(total, 1, RETRIES_MAX)) throw invalidRetry(text);
  return retries.filter(({ count }) => count > 0);
}

function invalidRetry(text: string): FotaError {
  return invalid(
    `--retry says how often after which failure, ${RETRIES_MAX} times in all, got ${JSON.stringify(text)}`,
    'write "failed:2,timed-out:1" or "any:2"; AWS never retries what a device rejected',
  );
}

function isFailureWord(word: string): word is FailureWord {
  return Object.hasOwn(FAILURES, word);
}

function inRange(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}

function invalid(message: string, hint?: string): FotaError {
  return new FotaError("ROLLOUT_INVALID", message, hint === undefined ? {} : { hint });
}
