import type { Suggestion } from "@fota/local";
import type { RehearsalResult } from "./result.js";

const FAILURE_WORDS = { FAILED: "failed", REJECTED: "rejected", TIMED_OUT: "timed-out", ALL: "any" } as const;

/** Returns what `--json` prints of a suggestion. */
export function suggestionResult(
  { job, maxBadDevices, isWithinMaxBad, lateRuns, normal, falseAlarms, bad }: Suggestion,
  seconds: (ms: number) => number | null,
): NonNullable<RehearsalResult["suggestion"]> {
  const { p50, p90, p99 } = normal.endedAfterMs;
  return {
    flags: suggestedFlags(job),
    maxBadDevices,
    isWithinMaxBad,
    runs: normal.runs.length,
    lateRuns,
    endedAfterSeconds: { p50: seconds(p50), p90: seconds(p90), p99: seconds(p99) },
    falseAlarms: { ...falseAlarms, aborted: 0 },
    badImages: bad.map(({ kind, share, rehearsal }) => ({
      kind,
      share,
      runs: rehearsal.runs.length,
      abortedRuns: rehearsal.abortedRuns,
      devicesThatRanImage: { ...rehearsal.devicesThatRanImage },
    })),
  };
}

/** Returns the options of publish for a suggested job, one text for each. */
function suggestedFlags({
  jobExecutionsRolloutConfig,
  abortConfig,
  timeoutConfig,
}: Suggestion["job"]): string[] {
  const { maximumPerMinute, exponentialRate } = jobExecutionsRolloutConfig;
  const flags: string[] = [];
  if (exponentialRate !== undefined) {
    const { baseRatePerMinute, incrementFactor, rateIncreaseCriteria } = exponentialRate;
    const { numberOfNotifiedThings, numberOfSucceededThings } = rateIncreaseCriteria;
    const after =
      numberOfNotifiedThings === undefined
        ? `${numberOfSucceededThings} succeeded`
        : `${numberOfNotifiedThings} notified`;
    flags.push(`--ramp "${baseRatePerMinute}/min x${incrementFactor} after ${after}"`);
  }
  if (maximumPerMinute !== undefined) flags.push(`--rate ${maximumPerMinute}/min`);
  for (const { failureType, thresholdPercentage, minNumberOfExecutedThings } of abortConfig.criteriaList) {
    const rule = `${FAILURE_WORDS[failureType]}>${thresholdPercentage}% after ${minNumberOfExecutedThings}`;
    flags.push(`--abort-on "${rule}"`);
  }
  const minutes = timeoutConfig?.inProgressTimeoutInMinutes;
  if (minutes !== undefined) flags.push(`--thing-timeout ${minutes}m`);
  return flags;
}
