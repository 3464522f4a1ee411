import type { JobDocument } from "@fota/shared";
import { expect, test } from "vitest";
import { jobRequestOf } from "./job-request.js";
import { parseRollout } from "./rollout.js";
import { parseSchedule } from "./schedule.js";

const now = new Date("2026-11-24T08:00:00Z");
const document = { operation: "fota", bc_idx: 1 } as JobDocument;
const job = { jobId: "j", targetArns: ["arn:1"], document, roleArn: undefined, packages: { arns: [] } };
const plain = {
  continuous: false,
  presign: { by: "cli" as const, expiresInSeconds: undefined },
  rollout: parseRollout({}),
  schedule: parseSchedule({}, false, now),
  description: undefined,
  tags: {},
};

test("a plain publish asks for nothing that it need not", () => {
  expect(jobRequestOf(plain, job)).toEqual({
    jobId: "j",
    targets: ["arn:1"],
    document: '{"operation":"fota","bc_idx":1}',
  });
});

test("every option has its place in CreateJob", () => {
  const spec = {
    continuous: true,
    presign: { by: "iot" as const, role: "fota", expiresInSeconds: 900 },
    rollout: parseRollout({
      rate: "50/min",
      ramp: "10/min x2 after 50 succeeded",
      abortOn: ["failed>10% after 20", "timed-out>5% after 40"],
      thingTimeout: "30m",
      retry: "failed:2,timed-out:1",
    }),
    schedule: parseSchedule(
      { start: "2026-12-01 02:00", end: "2026-12-24 02:00", atEnd: "cancel", window: ["0 2 * * 6 120m"] },
      true,
      now,
    ),
    description: "spring",
    tags: { team: "pumps" },
  };
  const roleArn = "arn:aws:iam::123456789012:role/fota";
  expect(jobRequestOf(spec, { ...job, roleArn })).toEqual({
    jobId: "j",
    targets: ["arn:1"],
    document: '{"operation":"fota","bc_idx":1}',
    description: "spring",
    targetSelection: "CONTINUOUS",
    presignedUrlConfig: { roleArn, expiresInSec: 900 },
    jobExecutionsRolloutConfig: {
      maximumPerMinute: 50,
      exponentialRate: {
        baseRatePerMinute: 10,
        incrementFactor: 2,
        rateIncreaseCriteria: { numberOfSucceededThings: 50 },
      },
    },
    abortConfig: {
      criteriaList: [
        { failureType: "FAILED", action: "CANCEL", thresholdPercentage: 10, minNumberOfExecutedThings: 20 },
        { failureType: "TIMED_OUT", action: "CANCEL", thresholdPercentage: 5, minNumberOfExecutedThings: 40 },
      ],
    },
    timeoutConfig: { inProgressTimeoutInMinutes: 30 },
    jobExecutionsRetryConfig: {
      criteriaList: [
        { failureType: "FAILED", numberOfRetries: 2 },
        { failureType: "TIMED_OUT", numberOfRetries: 1 },
      ],
    },
    schedulingConfig: {
      startTime: "2026-12-01T02:00",
      endTime: "2026-12-24T02:00",
      endBehavior: "CANCEL",
      maintenanceWindows: [{ startTime: "cron(0 2 ? * SAT *)", durationInMinutes: 120 }],
    },
    tags: [{ Key: "team", Value: "pumps" }],
  });
});

test("the versions that AWS IoT records are destinationPackageVersions", () => {
  const arns = ["arn:aws:iot:eu-west-1:123456789012:package/fw/version/1.4.0"];
  expect(jobRequestOf(plain, { ...job, packages: { arns } })).toMatchObject({
    destinationPackageVersions: arns,
  });
});
