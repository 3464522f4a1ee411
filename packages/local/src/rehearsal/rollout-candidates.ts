import type { RolloutConfig } from "../jobs/job.js";
import { RATE_MAX, ratePerMinute } from "../jobs/rollout-rate.js";
import type { AbortRule } from "./rule-watch.js";

const RATES = [1000, 500, 200, 100, 50, 20, 10, 5, 2, 1];
const RAMP_BASES = [100, 50, 20, 10, 5, 2, 1];
const RAMP_STEPS = [50, 100, 200, 500];
const RAMP_FACTOR = 2;
const PERCENTAGES = [2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25];
const MIN_THINGS = [5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500];

/**
 * Returns constant rates and ramps, the fastest first. A ramp waits for successes, so a bad image does not raise the
 * rate before the abort rule sees it.
 *
 * @param attemptMinutes about how long an attempt takes
 */
export function rolloutCandidates(size: number, attemptMinutes: number): RolloutConfig[] {
  const constant = RATES.map((maximumPerMinute): RolloutConfig => ({ maximumPerMinute }));
  const ramps = RAMP_BASES.flatMap((baseRatePerMinute) =>
    RAMP_STEPS.map(
      (numberOfSucceededThings): RolloutConfig => ({
        exponentialRate: {
          baseRatePerMinute,
          incrementFactor: RAMP_FACTOR,
          rateIncreaseCriteria: { numberOfSucceededThings },
        },
      }),
    ),
  );
  // A ramp that does not reach its first step is the constant rate of its base.
  const useful = ramps.filter(
    ({ exponentialRate }) => (exponentialRate?.rateIncreaseCriteria.numberOfSucceededThings ?? 0) < size,
  );
  return [...constant, ...useful]
    .map((config) => ({ config, minutes: minutesToCreate(config, size, attemptMinutes) }))
    .sort((a, b) => a.minutes - b.minutes)
    .map(({ config }) => config);
}

/** Returns about how many minutes a rollout takes to create its executions, if all of them succeed. */
function minutesToCreate(config: RolloutConfig, size: number, attemptMinutes: number): number {
  const lag = Math.ceil(attemptMinutes);
  const created: number[] = [0];
  for (;;) {
    const notified = created.at(-1) ?? 0;
    if (notified >= size) return created.length;
    const succeeded = created.at(-1 - lag) ?? 0;
    const rate = ratePerMinute(config, { notified, succeeded }) ?? RATE_MAX;
    const isConstant = config.exponentialRate === undefined || rate === RATE_MAX;
    if (isConstant) return created.length + (size - notified) / rate;
    created.push(notified + rate);
  }
}

/** Returns the abort rules that can fire before more than `devicesMax` devices have run an image. */
export function ruleCandidates(devicesMax: number): AbortRule[] {
  return MIN_THINGS.filter((minimum) => minimum <= devicesMax).flatMap((minNumberOfExecutedThings) =>
    PERCENTAGES.map((thresholdPercentage) => ({ thresholdPercentage, minNumberOfExecutedThings })),
  );
}
