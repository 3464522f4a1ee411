import { expect, test } from "vitest";
import { iotThat } from "../../test/iot-that.js";
import { allSucceeded, readJobState } from "./summary.js";

function described(status: string, counts: object, more: object = {}) {
  return { DescribeJob: () => ({ job: { jobArn: "arn", status, jobProcessDetails: counts, ...more } }) };
}

const arn = (thing: string) => `arn:aws:iot:eu-west-1:123456789012:thing/${thing}`;

test.each([
  ["IN_PROGRESS", { numberOfSucceededThings: 3 }, {}, false],
  ["COMPLETED", { numberOfFailedThings: 3 }, {}, true],
  ["CANCELED", { numberOfInProgressThings: 1 }, {}, false],
  ["CANCELED", { numberOfCanceledThings: 1 }, {}, true],
  ["QUEUED", { numberOfQueuedThings: 1 }, {}, false],
  ["IN_PROGRESS", { numberOfSucceededThings: 3 }, { targetSelection: "CONTINUOUS" }, true],
  ["IN_PROGRESS", { numberOfQueuedThings: 3 }, { targetSelection: "CONTINUOUS" }, false],
  ["IN_PROGRESS", {}, { targetSelection: "CONTINUOUS" }, false],
] as const)("%s with %j%j has ended: %s", async (status, counts, more, ended) => {
  const { iot } = iotThat(described(status, counts, more));
  expect((await readJobState(iot, "a", { kind: "none" })).ended).toBe(ended);
});

test("counts alone take one request", async () => {
  const { iot, asked } = iotThat(described("IN_PROGRESS", { numberOfQueuedThings: 2 }));
  const { summary } = await readJobState(iot, "a", { kind: "none" });
  expect(summary).toMatchObject({ jobId: "a", total: 2, counts: { queued: 2, succeeded: 0 } });
  expect(asked).toEqual(["DescribeJob"]);
});

test("a large job shows its things only when asked to", async () => {
  const { iot, asked } = iotThat(described("IN_PROGRESS", { numberOfQueuedThings: 11 }));
  expect((await readJobState(iot, "a", { kind: "few" })).summary.executions).toBeUndefined();
  expect(asked).toEqual(["DescribeJob"]);
});

test("things come from all pages, in order, and one that has not started is not asked what it says", async () => {
  const pages: Record<string, object> = {
    "": {
      executionSummaries: [{ thingArn: arn("b:1"), jobExecutionSummary: { status: "FAILED" } }],
      nextToken: "2",
    },
    "2": { executionSummaries: [{ thingArn: arn("a"), jobExecutionSummary: { status: "QUEUED" } }] },
  };
  const { iot, asked } = iotThat({
    ...described("IN_PROGRESS", { numberOfQueuedThings: 1, numberOfFailedThings: 1 }),
    ListJobExecutionsForJob: ({ nextToken = "" }) => pages[String(nextToken)] ?? {},
    DescribeJobExecution: () => ({
      execution: { statusDetails: { detailsMap: { reason: "digest-mismatch" } } },
    }),
  });
  const { summary } = await readJobState(iot, "a", { kind: "all" });
  expect(summary.executions).toMatchObject([
    { thing: "a", status: "QUEUED" },
    { thing: "b:1", status: "FAILED", reason: "digest-mismatch" },
  ]);
  expect(asked.filter((name) => name === "DescribeJobExecution")).toHaveLength(1);
});

test("--failed asks for each status that is no success", async () => {
  const wanted: unknown[] = [];
  const { iot } = iotThat({
    ...described("COMPLETED", { numberOfSucceededThings: 1 }),
    ListJobExecutionsForJob: ({ status }) => {
      wanted.push(status);
      return {};
    },
  });
  await readJobState(iot, "a", { kind: "failed" });
  expect(wanted).toEqual(["FAILED", "TIMED_OUT", "REJECTED", "REMOVED", "CANCELED"]);
});

test("a thing without an execution of the job is told from a job that is not there", async () => {
  const missing = () => {
    throw Object.assign(new Error("none"), { name: "ResourceNotFoundException" });
  };
  const { iot } = iotThat({ ...described("IN_PROGRESS", {}), DescribeJobExecution: missing });
  await expect(readJobState(iot, "a", { kind: "thing", thing: "b" })).rejects.toMatchObject({
    code: "THING_NOT_FOUND",
  });
  const { iot: empty } = iotThat({ DescribeJob: missing });
  await expect(readJobState(empty, "a", { kind: "none" })).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
});

test("a job succeeded when every execution did and nobody took it back", async () => {
  const summaryOf = async (status: string, counts: object) =>
    (await readJobState(iotThat(described(status, counts)).iot, "a", { kind: "none" })).summary;
  expect(allSucceeded(await summaryOf("COMPLETED", { numberOfSucceededThings: 2 }))).toBe(true);
  expect(
    allSucceeded(await summaryOf("COMPLETED", { numberOfSucceededThings: 2, numberOfFailedThings: 1 })),
  ).toBe(false);
  expect(allSucceeded(await summaryOf("CANCELED", { numberOfSucceededThings: 2 }))).toBe(false);
});
