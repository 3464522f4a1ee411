import type { Rollout } from "../job/rollout.js";
import type { Mark } from "../pages/time-chart.js";
import { reachedByMinute } from "../publish/rollout-time.js";
import { isFailure } from "../status/causes.js";
import type { ThingSummary } from "../status/result.js";

/** Holds the executions of a job over time, counted from its beginning; `null` where the future is not known. */
export interface ProgressOverTime {
  /** In ascending order, in milliseconds. */
  times: readonly number[];
  reached: readonly (number | null)[];
  succeeded: readonly (number | null)[];
  /** Failed, timed out and rejected. */
  failed: readonly (number | null)[];
  /** What the rate of the rollout allows, if it has one; assumes that things succeed as soon as they are reached. */
  planned?: readonly number[];
  /** True if fewer things have the job than the rate allowed a minute ago: AWS creates executions in batches. */
  isBehind: boolean;
  /** How long the job took; `undefined` until it has ended. */
  tookSeconds: number | undefined;
  marks: readonly Mark[];
}

export interface ProgressInput {
  executions: readonly ThingSummary[];
  /** Has the rate, if there is one that holds all the time. */
  rollout: Pick<Rollout, "ratePerMinute" | "ramp"> | undefined;
  /** `undefined` while the rollout goes on: the total still grows. */
  total: number | undefined;
  beginMs: number;
  /** `undefined` until the job has ended. */
  endMs: number | undefined;
  nowMs: number;
  expectedEndMs: number | undefined;
  /** Further moments, such as the end of the URL. */
  marks: readonly Mark[];
}

const POINTS = 20;
const MINUTE_MS = 60_000;
/** A shorter axis would show the same time twice. */
const SPAN_MIN_MS = MINUTE_MS;
/** A prediction beyond this multiple of the past would press the past together. */
const FUTURE_MAX = 2;

/** Returns the course of a job; `undefined` before it has an execution. */
export function progressOf(input: ProgressInput): ProgressOverTime | undefined {
  const { executions, rollout, total, beginMs, nowMs, marks } = input;
  if (executions.length === 0) return undefined;
  const reached = sortedTimes(executions, ({ queuedAt }) => queuedAt);
  const ended = (of: (thing: ThingSummary) => boolean) =>
    sortedTimes(executions.filter(of), ({ lastUpdatedAt }) => lastUpdatedAt);
  const succeeded = ended(({ status }) => status === "SUCCEEDED");
  const failed = ended(({ status }) => isFailure(status));
  const fromMs = Math.min(beginMs, reached[0] ?? beginMs);
  const pastMs = Math.max(
    fromMs + 1,
    input.endMs ?? nowMs,
    ...[reached, succeeded, failed].flatMap((all) => all.at(-1) ?? []),
  );
  const expectedMs = input.endMs === undefined ? (input.expectedEndMs ?? pastMs) : pastMs;
  const furthestMs = fromMs + (pastMs - fromMs) * FUTURE_MAX;
  const toMs = Math.max(pastMs, fromMs + SPAN_MIN_MS, Math.min(expectedMs, furthestMs));
  const times =
    input.endMs === undefined
      ? timesBetween(fromMs, pastMs, toMs)
      : [...new Set([...timesBetween(fromMs, pastMs, pastMs), toMs])];
  const upTo = (all: readonly number[]) => {
    let count = 0;
    return times.map((ms) => {
      if (ms > pastMs) return null;
      while ((all[count] ?? Infinity) <= ms) count += 1;
      return count;
    });
  };
  const allowed = rollout === undefined ? [0] : plannedAt([pastMs - MINUTE_MS], fromMs, rollout, total);
  return {
    times,
    isBehind: reached.length < (allowed[0] ?? 0),
    tookSeconds: input.endMs === undefined ? undefined : (input.endMs - fromMs) / 1000,
    reached: upTo(reached),
    succeeded: upTo(succeeded),
    failed: upTo(failed),
    ...(rollout !== undefined && { planned: plannedAt(times, fromMs, rollout, total) }),
    marks: [
      ...(toMs > pastMs ? [{ atMs: pastMs, label: input.endMs === undefined ? "now" : "end" }] : []),
      ...(expectedMs > pastMs && expectedMs <= toMs ? [{ atMs: expectedMs, label: "expected end" }] : []),
      ...marks,
    ],
  };
}

/** Returns evenly spaced times with `pastMs` among them, where the known counts end. */
function timesBetween(fromMs: number, pastMs: number, toMs: number): number[] {
  const stepMs = (toMs - fromMs) / POINTS;
  const even = Array.from({ length: POINTS + 1 }, (_, i) => Math.round(fromMs + i * stepMs));
  return [...new Set([...even, pastMs])].sort((a, b) => a - b);
}

function plannedAt(
  times: readonly number[],
  fromMs: number,
  rollout: Pick<Rollout, "ratePerMinute" | "ramp">,
  total = Infinity,
): number[] {
  const reached = reachedByMinute(rollout);
  let minutes = 0;
  let count = reached.next().value;
  return times.map((ms) => {
    while (count < total && (minutes + 1) * MINUTE_MS <= ms - fromMs) {
      minutes += 1;
      count = reached.next().value;
    }
    return Math.min(count, total);
  });
}

function sortedTimes(
  executions: readonly ThingSummary[],
  timeOf: (thing: ThingSummary) => string | undefined,
): number[] {
  return executions
    .flatMap((each) => {
      const time = timeOf(each);
      return time === undefined ? [] : [Date.parse(time)];
    })
    .sort((a, b) => a - b);
}
