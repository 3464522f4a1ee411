import { expect, test } from "vitest";
import { jobRequestOf } from "./job-request.js";
import { parseRollout, type RolloutTexts } from "./rollout.js";
import { rolloutOfJob } from "./rollout-of-job.js";

const NOTHING = {
  presignedUrlConfig: undefined,
  jobExecutionsRolloutConfig: undefined,
  abortConfig: undefined,
  timeoutConfig: undefined,
  jobExecutionsRetryConfig: undefined,
  schedulingConfig: undefined,
};

test.each<RolloutTexts>([
  {},
  { rate: "50/min" },
  { rate: "50/min", ramp: "10/min x1.5 after 50 succeeded" },
  { ramp: "10/min x2 after 7 notified", thingTimeout: "90m" },
  { abortOn: ["failed>10% after 20", "any>2.5% after 1", "rejected>100% after 9", "timed-out>1% after 2"] },
  { rate: "600/h", thingTimeout: "30m", abortOn: ["any>5% after 3"], retry: "failed:2,timed-out:1" },
  { retry: "any:3" },
])("a job is read back byte for byte, since ids are made of it: %j", (texts) => {
  const spec = { continuous: false, presign: { by: "cli" as const, expiresInSeconds: undefined }, tags: {} };
  const rollout = parseRollout(texts);
  const made = jobRequestOf(
    { ...spec, rollout, schedule: { windows: [] }, description: undefined },
    { jobId: "a", targetArns: [], document: {} as never, roleArn: undefined, packages: { arns: [] } },
  );
  expect(JSON.stringify(rolloutOfJob({ ...NOTHING, ...made }))).toBe(JSON.stringify(rollout));
});

test("a retry that AWS was told to do no time is none", () => {
  const jobExecutionsRetryConfig = { criteriaList: [{ failureType: "ALL" as const, numberOfRetries: 0 }] };
  expect(rolloutOfJob({ ...NOTHING, jobExecutionsRetryConfig })).toEqual({ abortOn: [], retries: [] });
});

test("a rule that lacks a number is refused and not made up", () => {
  const rule = { failureType: "ALL" as const, action: "CANCEL" as const, minNumberOfExecutedThings: 3 };
  const criteriaList = [{ ...rule, thresholdPercentage: undefined }];
  expect(() => rolloutOfJob({ ...NOTHING, abortConfig: { criteriaList } })).toThrow(
    expect.objectContaining({
      code: "ROLLOUT_INVALID",
      message: "the old job has an abort rule without a share",
    }),
  );
});
