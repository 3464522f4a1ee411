import type { RolloutConfig } from "./job.js";

/** The default and highest rate, in executions per minute. Source: AWS General Reference. */
export const RATE_MAX = 1000;

/**
 * Returns how many executions a job may create in the next minute; `undefined` means no limit. An exponential rate grows
 * by its factor each time that another `numberOf...Things` is reached.
 */
export function ratePerMinute(
  config: RolloutConfig | undefined,
  progress: { notified: number; succeeded: number },
): number | undefined {
  const { maximumPerMinute, exponentialRate } = config ?? {};
  if (exponentialRate === undefined) return maximumPerMinute;
  const { baseRatePerMinute, incrementFactor, rateIncreaseCriteria } = exponentialRate;
  const { numberOfNotifiedThings, numberOfSucceededThings } = rateIncreaseCriteria;
  const increases =
    numberOfNotifiedThings !== undefined
      ? Math.floor(progress.notified / numberOfNotifiedThings)
      : Math.floor(progress.succeeded / (numberOfSucceededThings ?? Number.POSITIVE_INFINITY));
  const rate = Math.floor(baseRatePerMinute * incrementFactor ** increases);
  return Math.min(rate, maximumPerMinute ?? RATE_MAX);
}
