import { FotaError } from "@fota/shared";
import type { JobSetup } from "../aws/jobs.js";
import type { Ramp, Rollout } from "./rollout.js";

/**
 * Reads how a job rolls out, as `jobRequestOf` writes it.
 * @throws {FotaError} ROLLOUT_INVALID when the service leaves out a part of it that AWS always has
 */
export function rolloutOfJob(setup: JobSetup): Rollout {
  const { jobExecutionsRolloutConfig, abortConfig, timeoutConfig, jobExecutionsRetryConfig } = setup;
  const ratePerMinute = jobExecutionsRolloutConfig?.maximumPerMinute;
  const exponential = jobExecutionsRolloutConfig?.exponentialRate;
  const timeoutMinutes = timeoutConfig?.inProgressTimeoutInMinutes;
  const abortCriteria = abortConfig?.criteriaList ?? [];
  const retryCriteria = jobExecutionsRetryConfig?.criteriaList ?? [];
  // In the order of `parseRollout`: ids are made of it.
  return {
    ...(ratePerMinute !== undefined && { ratePerMinute }),
    ...(exponential !== undefined && { ramp: rampOf(exponential) }),
    abortOn: abortCriteria.map(({ failureType = "ALL", thresholdPercentage, minNumberOfExecutedThings }) => ({
      failure: failureType,
      percent: stated(thresholdPercentage, "an abort rule", "a share", "--abort-on"),
      minThings: stated(minNumberOfExecutedThings, "an abort rule", "a count of things", "--abort-on"),
    })),
    ...(timeoutMinutes !== undefined && { timeoutMinutes }),
    retries: retryCriteria.flatMap(({ failureType = "ALL", numberOfRetries = 0 }) =>
      numberOfRetries > 0 ? [{ failure: failureType, count: numberOfRetries }] : [],
    ),
  };
}

type ExponentialRate = NonNullable<NonNullable<JobSetup["jobExecutionsRolloutConfig"]>["exponentialRate"]>;

function rampOf({ baseRatePerMinute, incrementFactor, rateIncreaseCriteria }: ExponentialRate): Ramp {
  const { numberOfNotifiedThings: notified, numberOfSucceededThings: succeeded } = rateIncreaseCriteria ?? {};
  return {
    basePerMinute: stated(baseRatePerMinute, "a ramp", "a rate", "--ramp"),
    factor: stated(incrementFactor, "a ramp", "a factor", "--ramp"),
    every: stated(notified ?? succeeded, "a ramp", "a count of things", "--ramp"),
    of: notified === undefined ? "succeeded" : "notified",
  };
}

function stated(value: number | undefined, rule: string, part: string, option: string): number {
  if (value !== undefined) return value;
  throw new FotaError("ROLLOUT_INVALID", `the job has ${rule} without ${part}`, {
    hint: `name a preset with --rollout, and give ${option} again if it shall be so`,
  });
}
