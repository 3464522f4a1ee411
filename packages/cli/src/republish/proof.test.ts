import { expect, test } from "vitest";
import { iotThat } from "../../test/service-that.js";
import { describeJob } from "../aws/jobs.js";
import { proofOf } from "./proof.js";

const thingArn = (thing: string) => `arn:aws:iot:eu-west-1:123456789012:thing/${thing}`;

async function proof(job: object, executions: Record<string, string[]> = {}) {
  const { iot, asked } = iotThat({
    DescribeJob: () => ({ job }),
    ListJobExecutionsForJob: ({ status }) => ({
      executionSummaries: (executions[String(status)] ?? []).map((thing) => ({ thingArn: thingArn(thing) })),
    }),
  });
  return { ...(await proofOf(iot, await describeJob(iot, "a"))), asked };
}

const RETRIED = {
  jobExecutionsRetryConfig: { criteriaList: [{ failureType: "FAILED", numberOfRetries: 1 }] },
};

test.each([
  ["COMPLETED", { numberOfSucceededThings: 3 }, {}, true, "3 succeeded"],
  ["COMPLETED", { numberOfSucceededThings: 3, numberOfRemovedThings: 1 }, {}, true, "3 succeeded"],
  ["COMPLETED", { numberOfSucceededThings: 3, numberOfFailedThings: 1 }, {}, false, "3 succeeded, 1 failed"],
  [
    "COMPLETED",
    { numberOfSucceededThings: 1, numberOfTimedOutThings: 1 },
    {},
    false,
    "1 succeeded, 1 timed out",
  ],
  ["COMPLETED", { numberOfRejectedThings: 1 }, {}, false, "1 rejected"],
  ["COMPLETED", {}, {}, false, "no thing has it yet"],
  ["CANCELED", { numberOfSucceededThings: 3 }, {}, false, "it is CANCELED: 3 succeeded"],
  ["IN_PROGRESS", { numberOfSucceededThings: 3 }, {}, false, "it is IN_PROGRESS: 3 succeeded"],
  ["IN_PROGRESS", { numberOfSucceededThings: 3 }, { targetSelection: "CONTINUOUS" }, true, "3 succeeded"],
  [
    "IN_PROGRESS",
    { numberOfSucceededThings: 3, numberOfQueuedThings: 1 },
    { targetSelection: "CONTINUOUS" },
    false,
    "it is IN_PROGRESS: 3 succeeded, 1 queued",
  ],
  ["QUEUED", { numberOfQueuedThings: 1 }, {}, false, "it is QUEUED: 1 queued"],
] as const)("%s with %j %j: proven %s", async (status, jobProcessDetails, more, proven, text) => {
  const found = await proof({ status, jobProcessDetails, ...more });
  expect(found).toMatchObject({ proven, text, asked: ["DescribeJob"] });
});

test("a failure that a later try made good does not count", async () => {
  const job = {
    status: "COMPLETED",
    jobProcessDetails: { numberOfSucceededThings: 2, numberOfFailedThings: 1 },
    ...RETRIED,
  };
  expect(await proof(job, { FAILED: ["b"], SUCCEEDED: ["a", "b"] })).toMatchObject({
    proven: true,
    text: "2 succeeded, 1 failed; each thing succeeded in a later attempt",
  });
  expect((await proof(job, { FAILED: ["c"], SUCCEEDED: ["a", "b"] })).proven).toBe(false);
});
