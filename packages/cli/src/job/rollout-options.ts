import { shellWord } from "@fota/shared";
import type { JobSetup } from "../aws/jobs.js";
import { given } from "../given.js";
import { failureWord, type RolloutTexts } from "./rollout.js";

/** Holds the schedule of a job; its times are AWS's texts in UTC. */
export interface ScheduleTextsOfJob {
  start?: string;
  end?: string;
  atEnd?: string;
  window?: string[];
}

const END_WORDS: Readonly<Record<string, string>> = {
  STOP_ROLLOUT: "stop",
  CANCEL: "cancel",
  FORCE_CANCEL: "force-cancel",
};

/** Returns the rollout of a job as option texts, which `fota publish` can read again. */
export function rolloutTextsOf(setup: JobSetup): RolloutTexts {
  const { jobExecutionsRolloutConfig, abortConfig, timeoutConfig, jobExecutionsRetryConfig } = setup;
  const rate = jobExecutionsRolloutConfig?.maximumPerMinute;
  const ramp = rampText(jobExecutionsRolloutConfig?.exponentialRate);
  const minutes = timeoutConfig?.inProgressTimeoutInMinutes;
  const abortOn = (abortConfig?.criteriaList ?? []).map(
    ({ failureType = "ALL", thresholdPercentage, minNumberOfExecutedThings }) =>
      `${failureWord(failureType)}>${thresholdPercentage}% after ${minNumberOfExecutedThings}`,
  );
  const retry = (jobExecutionsRetryConfig?.criteriaList ?? [])
    .filter(({ numberOfRetries = 0 }) => numberOfRetries > 0)
    .map(({ failureType = "ALL", numberOfRetries }) => `${failureWord(failureType)}:${numberOfRetries}`);
  return {
    ...(rate !== undefined && { rate: `${rate}/min` }),
    ...given({ ramp }),
    ...(abortOn.length > 0 && { abortOn }),
    ...(minutes !== undefined && { thingTimeout: `${minutes}m` }),
    ...(retry.length > 0 && { retry: retry.join(",") }),
  };
}

/** Returns the schedule of a job as texts. `fota publish` does not read them: the start may have passed. */
export function scheduleTextsOf({ schedulingConfig }: JobSetup): ScheduleTextsOfJob {
  const { startTime, endTime, endBehavior, maintenanceWindows = [] } = schedulingConfig ?? {};
  const window = maintenanceWindows.map(
    ({ startTime: opens = "", durationInMinutes }) => `${opens} ${durationInMinutes}m`,
  );
  const atEnd = endBehavior === undefined ? undefined : (END_WORDS[endBehavior] ?? endBehavior);
  return {
    ...given({ start: startTime, end: endTime }),
    ...(atEnd !== undefined && endTime !== undefined && { atEnd }),
    ...(window.length > 0 && { window }),
  };
}

type ExponentialRate = NonNullable<JobSetup["jobExecutionsRolloutConfig"]>["exponentialRate"];

function rampText(exponential: ExponentialRate): string | undefined {
  if (exponential === undefined) return undefined;
  const { baseRatePerMinute, incrementFactor, rateIncreaseCriteria } = exponential;
  const { numberOfNotifiedThings: notified, numberOfSucceededThings: succeeded } = rateIncreaseCriteria ?? {};
  const when = notified === undefined ? `${succeeded} succeeded` : `${notified} notified`;
  return `${baseRatePerMinute}/min x${incrementFactor} after ${when}`;
}

type Texts = RolloutTexts & ScheduleTextsOfJob;
type PossibleTexts = { [K in keyof Texts]?: Texts[K] | undefined };

/** Formats a rollout and a schedule as options of `fota publish`, one text for each, quoted for a shell. */
export function rolloutFlags(texts: PossibleTexts): string[] {
  const { rate, ramp, abortOn = [], thingTimeout, retry, start, end, atEnd, window = [] } = texts;
  const options: [string, string | undefined][] = [
    ["--rate", rate],
    ["--ramp", ramp],
    ...abortOn.map((rule): [string, string] => ["--abort-on", rule]),
    ["--thing-timeout", thingTimeout],
    ["--retry", retry],
    ["--start", start],
    ["--end", end],
    ["--at-end", atEnd],
    ...window.map((rule): [string, string] => ["--window", rule]),
  ];
  return options.flatMap(([flag, value]) => (value === undefined ? [] : [`${flag} ${shellWord(value)}`]));
}
