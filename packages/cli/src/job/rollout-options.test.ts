import { expect, test } from "vitest";
import { jobRequestOf } from "./job-request.js";
import { decodeDocument } from "./read-job.js";
import { parseRollout, type RolloutTexts } from "./rollout.js";
import { rolloutTextsOf, scheduleTextsOf } from "./rollout-options.js";

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
  { thingTimeout: "30m", retry: "failed:2,timed-out:1" },
  { retry: "any:3" },
])("what a job was made with is read back: %j", (texts) => {
  const common = {
    continuous: false,
    presign: { by: "cli" as const, expiresInSeconds: undefined },
    tags: {},
  };
  const rollout = parseRollout(texts);
  const made = jobRequestOf(
    { ...common, rollout, schedule: { windows: [] }, description: undefined },
    { jobId: "a", targetArns: [], document: {} as never, roleArn: undefined, packages: { arns: [] } },
  );
  expect(rolloutTextsOf({ ...NOTHING, ...made })).toEqual(texts);
});

test("a schedule is reported with AWS's times", () => {
  const schedulingConfig = {
    startTime: "2026-12-01T02:00",
    endTime: "2026-12-02T02:00",
    endBehavior: "FORCE_CANCEL" as const,
    maintenanceWindows: [{ startTime: "cron(0 2 ? * SAT *)", durationInMinutes: 120 }],
  };
  expect(scheduleTextsOf({ ...NOTHING, schedulingConfig })).toEqual({
    start: "2026-12-01T02:00",
    end: "2026-12-02T02:00",
    atEnd: "force-cancel",
    window: ["cron(0 2 ? * SAT *) 120m"],
  });
  expect(scheduleTextsOf(NOTHING)).toEqual({});
});

test.each(["", "[1]", '{"operation":"reboot"}', "null"])("a document %j is of another kind", (text) => {
  expect(decodeDocument(text)).toEqual({ kind: "other" });
});

test("a fota document that devices refuse says why", () => {
  expect(decodeDocument('{"operation":"fota","bc_idx":-1}')).toMatchObject({
    kind: "invalid",
    fault: expect.stringMatching(/bc_idx must be a whole number from 0 to \d+, got -1; .*bc_crc is missing/),
  });
});
