import { FotaError } from "@fota/shared";
import type { RolloutConfig } from "../jobs/job.js";
import { RATE_MAX } from "../jobs/rollout-rate.js";
import { type BadImage, withBadImage } from "./bad-image.js";
import { checkInput, type RehearsalInput, type RehearsalJob } from "./input.js";
import { percentilesOf } from "./percentiles.js";
import { DEFAULT_TRIAL_SECONDS } from "./population.js";
import { type Rehearsal, summarizeRuns } from "./rehearse.js";
import type { RehearsalRun } from "./result.js";
import { rolloutCandidates, ruleCandidates } from "./rollout-candidates.js";
import { type AbortRule, RuleWatch } from "./rule-watch.js";
import { type RunObserver, runRehearsal } from "./run.js";

export interface SuggestOptions {
  /** The first run of each kind has this seed, each further run the next number. @default 1 */
  seed?: number;
  /** Share of the devices that may run a bad image before an abort rule stops it, above 0 and up to 1. @default 0.01 */
  maxBadShare?: number;
}

/** A rate or ramp with an abort rule, and what runs of it found. */
export interface Suggestion {
  /** The members of CreateJob to use. Those that the input has and this lacks stay as they are. */
  job: Required<Pick<RehearsalJob, "jobExecutionsRolloutConfig" | "abortConfig">> &
    Pick<RehearsalJob, "timeoutConfig">;
  /** Number of devices of `maxBadShare`. */
  maxBadDevices: number;
  /** Whether at most `maxBadDevices` devices run an image that fails on 30 % of the devices, in 9 of 10 runs. */
  isWithinMaxBad: boolean;
  /** Number of the runs of `normal` in which the URL or the schedule ended before all devices had started. */
  lateRuns: number;
  /** Runs of the whole fleet with a good image. */
  normal: Rehearsal;
  /** Number of runs with a good image, in none of which the rule fired, and of devices in each. */
  falseAlarms: { runs: number; devices: number };
  /** Runs with bad images. */
  bad: (BadImage & { rehearsal: Rehearsal })[];
}

/** The rule must stop this image within `maxBadShare`. */
const DECISIVE: BadImage = { kind: "fails", share: 0.3 };
const BAD_IMAGES: readonly BadImage[] = [
  DECISIVE,
  { kind: "fails", share: 1 },
  { kind: "hangs", share: 0.3 },
];
const BAD_RUNS = 20;
const MISSES_MAX = BAD_RUNS / 10;
const FALSE_ALARM_RUNS = 100;
const FALSE_ALARM_DEVICES = 500;
const FIRST_RUNS = 3;
/** Devices in all runs of `normal` together. */
const NORMAL_DEVICES_MAX = 50_000;
const NORMAL_RUNS_MAX = 10;
const TIMEOUTS_MINUTES = [5, 10, 15, 30, 60, 120, 240, 480, 1440, 2880, 10_080];
/** A device may take this many times as long as the slowest one in the first runs. */
const TIMEOUT_MARGIN = 2;
const MINUTE_MS = 60_000;

/**
 * Searches the fastest rate or ramp and an abort rule with which few devices run a bad image, and which does not fire
 * on the failures that the fleet has with a good image. All of it comes from runs; the same arguments give the same
 * suggestion, and `undefined` if no rule can tell the two apart. Yields what it does now before each run, so that a program can show progress or stop.
 *
 * @throws {FotaError} CONFIG_INVALID; {AwsError} for a job that CreateJob refuses
 */
export function* suggestRollout(
  input: RehearsalInput,
  { seed = 1, maxBadShare = 0.01 }: SuggestOptions = {},
): Generator<string, Suggestion | undefined> {
  if (!(maxBadShare > 0 && maxBadShare <= 1)) {
    throw new FotaError("CONFIG_INVALID", `maxBadShare must be above 0 and at most 1, got ${maxBadShare}`);
  }
  yield "measuring how long an attempt takes";
  // An expired URL is no failure of the image; the runs of the whole fleet show whether it matters.
  const { urlLifetimeMs, ...unlimited } = input;
  const base = withTimeout(unlimited, seed);
  const { size } = input.population;
  const maxBadDevices = Math.max(1, Math.floor(size * maxBadShare));
  const configs = rolloutCandidates(size, attemptMinutes(input));
  const isOnline = input.population.groups.every(({ onlineByHour }) => onlineByHour === undefined);
  // A small fleet may need more devices than that to tell a bad image from a good one.
  for (let limit = maxBadDevices; limit < size; limit *= 2) {
    for (const config of configs) {
      // Devices that are online start within the first minute, before any of them has failed.
      if (isOnline && firstRate(config) > 2 * limit) continue;
      const trial: Trial = { input: withConfig(base, config), seed, limit };
      const rules = yield* effectiveRules(trial, `trying ${rateText(config)}`);
      if (rules.length === 0) continue;
      const rule = yield* firstQuietRule(trial, rules, `looking for false alarms at ${rateText(config)}`);
      if (rule !== undefined) return yield* verify(trial, rule, { maxBadDevices, urlLifetimeMs });
    }
  }
  return undefined;
}

interface Trial {
  /** Has the rate, and no abort rule. */
  input: RehearsalInput;
  seed: number;
  /** Number of devices that may run the bad image. */
  limit: number;
}

/** Adds a time limit where there is none: without one, a device that hangs is never counted as failed. */
function withTimeout(input: RehearsalInput, seed: number): RehearsalInput {
  const { abortConfig: _rule, jobExecutionsRolloutConfig: _rate, ...job } = input.job;
  const bare = { ...input, job };
  if (job.timeoutConfig?.inProgressTimeoutInMinutes !== undefined) return bare;
  const few = withSize(bare, FALSE_ALARM_DEVICES);
  const longestMs = Math.max(...seeds(seed, FIRST_RUNS).map((run) => runOf(few, run).longestAttemptMs));
  const wanted = (longestMs * TIMEOUT_MARGIN) / MINUTE_MS;
  const inProgressTimeoutInMinutes =
    TIMEOUTS_MINUTES.find((minutes) => minutes >= wanted) ?? (TIMEOUTS_MINUTES.at(-1) as number);
  return { ...bare, job: { ...job, timeoutConfig: { inProgressTimeoutInMinutes } } };
}

/** Returns the rules that stop the decisive image within the limit, those that need the fewest devices first. */
function* effectiveRules({ input, seed, limit }: Trial, step: string): Generator<string, AbortRule[]> {
  const population = withBadImage(input.population, DECISIVE);
  const few = partFor({ ...input, population }, limit);
  const needed = new Map(ruleCandidates(limit).map((rule) => [rule, [] as number[]]));
  for (const run of seeds(seed, BAD_RUNS)) {
    yield step;
    const watch = new RuleWatch([...needed.keys()]);
    runOf(few, run, (counts, ran) => watch.step(counts, ran) || ran > limit);
    for (const [rule, devices] of needed) {
      devices.push(watch.fired.get(rule) ?? Number.POSITIVE_INFINITY);
      if (devices.filter((count) => count > limit).length > MISSES_MAX) needed.delete(rule);
    }
    if (needed.size === 0) return [];
  }
  return [...needed]
    .map(([rule, devices]) => ({ rule, devices: percentilesOf(devices).p90 }))
    .sort((a, b) => a.devices - b.devices || b.rule.thresholdPercentage - a.rule.thresholdPercentage)
    .map(({ rule }) => rule);
}

/** Returns the first rule that does not fire in any run of a good image. */
function* firstQuietRule(
  { input, seed }: Trial,
  rules: readonly AbortRule[],
  step: string,
): Generator<string, AbortRule | undefined> {
  const few = withSize(input, FALSE_ALARM_DEVICES);
  const quiet = new Set(rules);
  for (const run of seeds(seed, FALSE_ALARM_RUNS)) {
    yield step;
    const watch = new RuleWatch([...quiet]);
    runOf(few, run, (counts, ran) => watch.step(counts, ran));
    for (const rule of watch.fired.keys()) quiet.delete(rule);
    if (quiet.size === 0) return undefined;
  }
  return quiet.values().next().value;
}

/** Runs the rate with the rule in the job: with a good image on the whole fleet, and with bad images. */
function* verify(
  trial: Trial,
  rule: AbortRule,
  { maxBadDevices, urlLifetimeMs }: { maxBadDevices: number; urlLifetimeMs: number | undefined },
): Generator<string, Suggestion> {
  const { input, seed, limit } = trial;
  const { size } = input.population;
  const { timeoutConfig, jobExecutionsRolloutConfig = {} } = input.job;
  const abortConfig = {
    criteriaList: [{ failureType: "ALL" as const, action: "CANCEL" as const, ...rule }],
  };
  const withRule = { ...input, job: { ...input.job, abortConfig } };
  const normalRuns = Math.min(NORMAL_RUNS_MAX, Math.max(1, Math.floor(NORMAL_DEVICES_MAX / size)));
  const inTime = urlLifetimeMs === undefined ? withRule : { ...withRule, urlLifetimeMs };
  const normal: RehearsalRun[] = [];
  for (const run of seeds(seed, normalRuns)) {
    yield `a good image, run ${normal.length + 1} of ${normalRuns}`;
    normal.push(runOf(inTime, run));
  }
  const bad: Suggestion["bad"] = [];
  for (const image of BAD_IMAGES) {
    const whole = { ...withRule, population: withBadImage(input.population, image) };
    // The rule stops an image that fails early, so a part of the fleet is enough. One that hangs may reach all of it.
    const [tried, count] = image.kind === "fails" ? [partFor(whole, limit), BAD_RUNS] : [whole, normalRuns];
    const runs: RehearsalRun[] = [];
    for (const run of seeds(seed, count)) {
      yield `an image that ${image.kind} on ${100 * image.share} % of the devices, run ${runs.length + 1} of ${count}`;
      runs.push(runOf(tried, run));
    }
    bad.push({ ...image, rehearsal: summarizeRuns(runs) });
  }
  const decisive = bad[0]?.rehearsal as Rehearsal;
  return {
    job: { jobExecutionsRolloutConfig, abortConfig, ...(timeoutConfig !== undefined && { timeoutConfig }) },
    maxBadDevices,
    isWithinMaxBad: decisive.abortedRuns === BAD_RUNS && decisive.devicesThatRanImage.p90 <= maxBadDevices,
    lateRuns: normal.filter((run) => isLate(run, size)).length,
    normal: summarizeRuns(normal),
    falseAlarms: { runs: FALSE_ALARM_RUNS, devices: Math.min(size, FALSE_ALARM_DEVICES) },
    bad,
  };
}

/** Returns whether the URL or the schedule ended before all devices that come online had started. */
function isLate({ expiredUrls, counts, devicesNeverOnline }: RehearsalRun, size: number): boolean {
  const created = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return expiredUrls > 0 || counts.CANCELED + Math.max(0, size - created) > devicesNeverOnline;
}

function withConfig(input: RehearsalInput, jobExecutionsRolloutConfig: RolloutConfig): RehearsalInput {
  return { ...input, job: { ...input.job, jobExecutionsRolloutConfig } };
}

function withSize(input: RehearsalInput, sizeMax: number): RehearsalInput {
  const { size, groups } = input.population;
  return { ...input, population: { size: Math.min(size, sizeMax), groups } };
}

/** Returns a part of the fleet that is large enough for a rule that fires by `limit` devices. */
function partFor(input: RehearsalInput, limit: number): RehearsalInput {
  return withSize(input, Math.max(4 * limit, FALSE_ALARM_DEVICES));
}

function runOf(input: RehearsalInput, seed: number, onStep?: RunObserver["onStep"]): RehearsalRun {
  return runRehearsal(checkInput(input), seed, onStep === undefined ? {} : { onStep });
}

function seeds(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

/** Returns how many executions the first minute creates. */
function firstRate({ maximumPerMinute = RATE_MAX, exponentialRate }: RolloutConfig): number {
  return exponentialRate?.baseRatePerMinute ?? maximumPerMinute;
}

/** Returns about how long an attempt takes; the search only sorts by it. */
function attemptMinutes({ population, imageBytes }: RehearsalInput): number {
  const total = population.groups.reduce((sum, { weight }) => sum + weight, 0);
  const seconds = population.groups.reduce((sum, { weight, trialSeconds, linkSpeed }) => {
    const { medianBytesPerSecond } = linkSpeed;
    return sum + weight * ((trialSeconds ?? DEFAULT_TRIAL_SECONDS) + imageBytes / medianBytesPerSecond);
  }, 0);
  return seconds / total / 60;
}

function rateText({ maximumPerMinute, exponentialRate }: RolloutConfig): string {
  if (exponentialRate === undefined) return `${maximumPerMinute} devices a minute`;
  const { baseRatePerMinute, rateIncreaseCriteria } = exponentialRate;
  const { numberOfSucceededThings } = rateIncreaseCriteria;
  return `a ramp from ${baseRatePerMinute} devices a minute, doubled after each ${numberOfSucceededThings}`;
}
