import { describe, expect, test } from "vitest";
import { readJobConfig, readSchedulingConfig } from "./config-fields.js";

const rate = (more: object) => ({
  exponentialRate: {
    baseRatePerMinute: 10,
    incrementFactor: 1.5,
    rateIncreaseCriteria: { numberOfNotifiedThings: 1 },
    ...more,
  },
});
const abort = (more: object) => ({
  criteriaList: [
    {
      failureType: "ALL",
      action: "CANCEL",
      thresholdPercentage: 12.25,
      minNumberOfExecutedThings: 1,
      ...more,
    },
  ],
});
const retry = (...criteriaList: object[]) => ({ criteriaList });

describe("a configuration that AWS accepts is kept unchanged", () => {
  test.each([
    {},
    { presignedUrlConfig: { roleArn: "arn:aws:iam::000000000000:role/r", expiresInSec: 60 } },
    { jobExecutionsRolloutConfig: { maximumPerMinute: 1000 } },
    { jobExecutionsRolloutConfig: { maximumPerMinute: 50, ...rate({}) } },
    {
      jobExecutionsRolloutConfig: rate({
        incrementFactor: 5,
        rateIncreaseCriteria: { numberOfSucceededThings: 9 },
      }),
    },
    { abortConfig: abort({}) },
    { abortConfig: abort({ failureType: "TIMED_OUT", thresholdPercentage: 100 }) },
    { timeoutConfig: { inProgressTimeoutInMinutes: 10_080 } },
    { jobExecutionsRetryConfig: retry({ failureType: "FAILED", numberOfRetries: 0 }) },
    {
      jobExecutionsRetryConfig: retry(
        { failureType: "FAILED", numberOfRetries: 3 },
        { failureType: "TIMED_OUT", numberOfRetries: 10 },
      ),
    },
  ])("%j", (members) => {
    expect(readJobConfig({ ...members, targets: [] })).toEqual(members);
  });

  test("null counts as absent", () => {
    expect(readJobConfig({ abortConfig: null, timeoutConfig: { inProgressTimeoutInMinutes: null } })).toEqual(
      {
        timeoutConfig: {},
      },
    );
  });
});

test.each([
  ["roleArn", { presignedUrlConfig: { roleArn: "arn:short" } }],
  ["expiresInSec", { presignedUrlConfig: { expiresInSec: 59 } }],
  ["expiresInSec", { presignedUrlConfig: { expiresInSec: 3601 } }],
  ["maximumPerMinute", { jobExecutionsRolloutConfig: { maximumPerMinute: 0 } }],
  ["maximumPerMinute", { jobExecutionsRolloutConfig: { maximumPerMinute: 1001 } }],
  ["jobExecutionsRolloutConfig", { jobExecutionsRolloutConfig: "fast" }],
  ["perHour of jobExecutionsRolloutConfig", { jobExecutionsRolloutConfig: { perHour: 1 } }],
  ["baseRatePerMinute", { jobExecutionsRolloutConfig: rate({ baseRatePerMinute: 0 }) }],
  ["baseRatePerMinute", { jobExecutionsRolloutConfig: rate({ baseRatePerMinute: null }) }],
  ["incrementFactor", { jobExecutionsRolloutConfig: rate({ incrementFactor: 1 }) }],
  ["incrementFactor", { jobExecutionsRolloutConfig: rate({ incrementFactor: 5.1 }) }],
  [
    "incrementFactor has more than 1 decimals",
    { jobExecutionsRolloutConfig: rate({ incrementFactor: 1.25 }) },
  ],
  ["rateIncreaseCriteria", { jobExecutionsRolloutConfig: rate({ rateIncreaseCriteria: {} }) }],
  ["rateIncreaseCriteria", { jobExecutionsRolloutConfig: rate({ rateIncreaseCriteria: null }) }],
  [
    "rateIncreaseCriteria",
    {
      jobExecutionsRolloutConfig: rate({
        rateIncreaseCriteria: { numberOfNotifiedThings: 1, numberOfSucceededThings: 1 },
      }),
    },
  ],
  ["criteriaList", { abortConfig: {} }],
  ["criteriaList", { abortConfig: { criteriaList: [] } }],
  ["criteriaList", { abortConfig: { criteriaList: ["FAILED"] } }],
  ["failureType", { abortConfig: abort({ failureType: "CANCELED" }) }],
  ["action", { abortConfig: abort({ action: "STOP" }) }],
  ["thresholdPercentage", { abortConfig: abort({ thresholdPercentage: 100.01 }) }],
  ["thresholdPercentage has more than 2 decimals", { abortConfig: abort({ thresholdPercentage: 1.001 }) }],
  ["thresholdPercentage", { abortConfig: abort({ thresholdPercentage: "10" }) }],
  ["minNumberOfExecutedThings", { abortConfig: abort({ minNumberOfExecutedThings: 0 }) }],
  ["inProgressTimeoutInMinutes", { timeoutConfig: { inProgressTimeoutInMinutes: 0 } }],
  ["inProgressTimeoutInMinutes", { timeoutConfig: { inProgressTimeoutInMinutes: 10_081 } }],
  ["failureType", { jobExecutionsRetryConfig: retry({ failureType: "REJECTED", numberOfRetries: 1 }) }],
  ["numberOfRetries", { jobExecutionsRetryConfig: retry({ failureType: "ALL", numberOfRetries: 11 }) }],
  ["numberOfRetries", { jobExecutionsRetryConfig: retry({ failureType: "ALL" }) }],
  [
    "criteriaList",
    { jobExecutionsRetryConfig: retry(...Array(3).fill({ failureType: "ALL", numberOfRetries: 1 })) },
  ],
])("%s is named when refusing %j", (named, members) => {
  expect(() => readJobConfig(members)).toThrow(
    expect.objectContaining({ code: "InvalidRequestException", message: expect.stringContaining(named) }),
  );
});

test.each([
  ["startTime", { startTime: "x".repeat(65) }],
  ["endBehavior", { endBehavior: "PAUSE" }],
  ["maintenanceWindows", { maintenanceWindows: [] }],
  ["durationInMinutes", { maintenanceWindows: [{ startTime: "cron(0 1 * * ? *)" }] }],
  [
    "durationInMinutes",
    { maintenanceWindows: [{ startTime: "cron(0 1 * * ? *)", durationInMinutes: 1431 }] },
  ],
  ["startTime", { maintenanceWindows: [{ durationInMinutes: 10 }] }],
  ["every of maintenanceWindows", { maintenanceWindows: [{ every: "day" }] }],
  ["zone of schedulingConfig", { zone: "CET" }],
])("%s of a schedule is named when refusing %j", (named, schedulingConfig) => {
  expect(() => readSchedulingConfig({ schedulingConfig })).toThrow(
    expect.objectContaining({ code: "InvalidRequestException", message: expect.stringContaining(named) }),
  );
});
