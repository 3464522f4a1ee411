import { FotaError } from "@fota/shared";
import type { JobSetup } from "../aws/jobs.js";
import { given } from "../given.js";
import type { Ramp, Rollout } from "./rollout.js";

/**
 * Parses the rollout of a job, as `jobRequestOf` writes it.
 * @throws {FotaError} ROLLOUT_INVALID when the service leaves out a part that AWS always sends
 */
export function rolloutOfJob(setup: JobSetup): Rollout {
  const { jobExecutionsRolloutConfig, abortConfig, timeoutConfig, jobExecutionsRetryConfig } = setup;
  const ratePerMinute = jobExecutionsRolloutConfig?.maximumPerMinute;
  const exponential = jobExecutionsRolloutConfig?.exponentialRate;
  const timeoutMinutes = timeoutConfig?.inProgressTimeoutInMinutes;
  const abortCriteria = abortConfig?.criteriaList ?? [];
  const retryCriteria = jobExecutionsRetryConfig?.criteriaList ?? [];
  // Keep the order of `parseRollout`: job ids are made of it.
  return {
    ...given({ ratePerMinute }),
    ...(exponential !== undefined && { ramp: rampOf(exponential) }),
    abortOn: abortCriteria.map(({ failureType = "ALL", thresholdPercentage, minNumberOfExecutedThings }) => ({
      failure: failureType,
      percent: stated(thresholdPercentage, "an abort rule", "a share"),
      minThings: stated(minNumberOfExecutedThings, "an abort rule", "a count of things"),
    })),
    ...given({ timeoutMinutes }),
    retries: retryCriteria.flatMap(({ failureType = "ALL", numberOfRetries = 0 }) =>
      numberOfRetries > 0 ? [{ failure: failureType, count: numberOfRetries }] : [],
    ),
  };
}

type ExponentialRate = NonNullable<NonNullable<JobSetup["jobExecutionsRolloutConfig"]>["exponentialRate"]>;

function rampOf({ baseRatePerMinute, incrementFactor, rateIncreaseCriteria }: ExponentialRate): Ramp {
  const { numberOfNotifiedThings: notified, numberOfSucceededThings: succeeded } = rateIncreaseCriteria ?? {};
  return {
    basePerMinute: stated(baseRatePerMinute, "a ramp", "a rate"),
    factor: stated(incrementFactor, "a ramp", "a factor"),
    every: stated(notified ?? succeeded, "a ramp", "a count of things"),
    of: notified === undefined ? "succeeded" : "notified",
  };
}

function stated(value: number | undefined, rule: string, part: string): number {
  if (value !== undefined) return value;
  throw new FotaError("ROLLOUT_INVALID", `the old job has ${rule} without ${part}`, {
    hint: "give --rollout with a preset from fota.config.json, so that the old rollout is not read",
  });
}
