import { expect, test, vi } from "vitest";
import { iotThat } from "../../test/service-that.js";
import { allSucceeded, jobReader, readJobState, readThing } from "./summary.js";

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

const MISSING = () => {
  throw Object.assign(new Error("none"), { name: "ResourceNotFoundException" });
};

function failedExecutions(count: number) {
  return Array.from({ length: count }, (_, i) => ({
    thingArn: arn(`pump-${i}`),
    jobExecutionSummary: { status: "FAILED", executionNumber: 1 },
  }));
}

/** A job of `total` things of which `failed` failed; the reports are those of `reasons`, in turn. */
function fleet(total: number, failed: number, reasons = ["digest-mismatch"]) {
  const executions = failedExecutions(failed);
  return iotThat({
    ...described("IN_PROGRESS", { numberOfQueuedThings: total - failed, numberOfFailedThings: failed }),
    ListJobExecutionsForJob: ({ nextToken }) => {
      const from = Number(nextToken ?? 0);
      const more = from + 250 < executions.length;
      return {
        executionSummaries: executions.slice(from, from + 250),
        ...(more && { nextToken: String(from + 250) }),
      };
    },
    DescribeJobExecution: ({ thingName }) => {
      const reason = reasons[Number(String(thingName).slice(5)) % reasons.length];
      return { execution: { status: "FAILED", statusDetails: { detailsMap: { reason } } } };
    },
  });
}

test("a job of 100,000 things takes three requests, and its one cause is told to be a sample", async () => {
  const { iot, asked } = fleet(100_000, 5_000);
  const { summary } = await readJobState(iot, "a", { kind: "few" });
  expect(asked).toEqual(["DescribeJob", "ListJobExecutionsForJob", "DescribeJobExecution"]);
  expect(summary).toMatchObject({
    causesRead: 1,
    causes: [{ reason: "digest-mismatch", things: ["pump-0"] }],
  });
});

test("of a job of up to 1,000 things the causes of 20 failures are read and grouped", async () => {
  const { iot, asked } = fleet(1_000, 90, ["digest-mismatch", "digest-mismatch", "self-test-failed"]);
  const { summary } = await readJobState(iot, "a", { kind: "few" });
  expect(asked).toHaveLength(22);
  expect(summary.causesRead).toBe(20);
  expect(summary.causes).toMatchObject([
    { status: "FAILED", reason: "digest-mismatch", count: 14, things: ["pump-0", "pump-1", "pump-3"] },
    { status: "FAILED", reason: "self-test-failed", count: 6, things: ["pump-2", "pump-5", "pump-8"] },
  ]);
});

test("each look at the same job knows more causes, and asks no ended execution twice", async () => {
  const { iot, asked } = fleet(100_000, 9);
  const look = jobReader(iot, "a", { kind: "few" });
  const causesRead = [];
  for (let i = 0; i < 4; i += 1) causesRead.push((await look()).summary.causesRead);
  expect(causesRead).toEqual([1, 6, 9, 9]);
  expect(asked.filter((name) => name === "DescribeJobExecution")).toHaveLength(9);
  expect(asked.slice(-1)).toEqual(["DescribeJob"]); // nothing new: no list either
});

test("a job of few things has each of them, by name; one that has not started is not asked", async () => {
  const pages: Record<string, object> = {
    "": {
      executionSummaries: [{ thingArn: arn("b:1"), jobExecutionSummary: { status: "FAILED" } }],
      nextToken: "2",
    },
    "2": { executionSummaries: [{ thingArn: arn("a"), jobExecutionSummary: { status: "QUEUED" } }] },
  };
  const { iot, asked } = iotThat({
    ...described("IN_PROGRESS", {}), // as implementations answer that know no jobProcessDetails
    ListJobExecutionsForJob: ({ nextToken = "" }) => pages[String(nextToken)] ?? {},
    DescribeJobExecution: () => ({
      execution: { statusDetails: { detailsMap: { reason: "digest-mismatch" } } },
    }),
  });
  const { summary } = await readJobState(iot, "a", { kind: "few" });
  expect(summary).toMatchObject({ total: 2, counts: { queued: 1, failed: 1, succeeded: 0 } });
  expect(summary.executions).toMatchObject([
    { thing: "a", status: "QUEUED" },
    { thing: "b:1", status: "FAILED", reason: "digest-mismatch" },
  ]);
  expect(asked.filter((name) => name === "DescribeJobExecution")).toHaveLength(1);
});

test("one thing in full has its timer; one without an execution is told from a job that is not there", async () => {
  const execution = { status: "IN_PROGRESS", versionNumber: 4, approximateSecondsBeforeTimedOut: 90 };
  const job = described("IN_PROGRESS", { numberOfInProgressThings: 1 });
  const { iot: healthy } = iotThat({ ...job, DescribeJobExecution: () => ({ execution }) });
  const { summary } = await readThing(healthy, "a", "b");
  expect(summary.executions).toMatchObject([{ thing: "b", versionNumber: 4, secondsLeft: 90 }]);
  const { iot } = iotThat({ ...described("IN_PROGRESS", {}), DescribeJobExecution: MISSING });
  await expect(readThing(iot, "a", "b")).rejects.toMatchObject({
    code: "THING_NOT_FOUND",
    hint: "run `fota status a --things` to list the things that have one",
    advice: { command: ["status", "a", "--things"] },
  });
  const { iot: empty } = iotThat({ DescribeJob: MISSING });
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

test.each([
  ["a clock that was set back, the rate is that of the last minutes", -3_600_000, 10],
  ["a machine that slept for 56 minutes, the rate is that since the job began", 3_360_000, 0.5],
])("on %s", async (_what, jumpMs, rate) => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  try {
    let succeeded = 10;
    const createdAt = new Date(Date.now() - 120_000);
    const { iot } = iotThat({
      DescribeJob: () => ({
        job: {
          status: "IN_PROGRESS",
          createdAt,
          jobProcessDetails: { numberOfQueuedThings: 100 - succeeded, numberOfSucceededThings: succeeded },
        },
      }),
    });
    const look = jobReader(iot, "a", { kind: "none" });
    await look();
    succeeded = 30;
    vi.advanceTimersByTime(120_000);
    vi.setSystemTime(Date.now() + jumpMs);
    expect((await look()).summary.ratePerMinute).toBe(rate);
  } finally {
    vi.useRealTimers();
  }
});
