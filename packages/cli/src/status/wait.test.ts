import { expect, test } from "vitest";
import { iotThat } from "../../test/service-that.js";
import type { Output } from "../terminal/output.js";
import { exitCodeOfJob, waitForJob } from "./wait.js";

const counts = {
  queued: 0,
  inProgress: 0,
  succeeded: 2,
  failed: 0,
  timedOut: 0,
  rejected: 0,
  removed: 0,
  canceled: 0,
};

test("a script is told by the exit code whether every thing succeeded", () => {
  const job = { jobId: "a", status: "COMPLETED", continuous: false };
  expect(exitCodeOfJob({ ...job, counts, total: 2 })).toBe(0);
  expect(exitCodeOfJob({ ...job, counts: { ...counts, rejected: 1 }, total: 3 })).toBe(3);
});

test("a job that reached no thing is no success for a script", () => {
  const none = { ...counts, succeeded: 0 };
  expect(exitCodeOfJob({ jobId: "a", status: "COMPLETED", continuous: false, counts: none, total: 0 })).toBe(
    3,
  );
});

test.each([
  ["SUCCEEDED", 0],
  ["FAILED", 3],
])(
  "where the service sends no counts, the executions of an ended job are counted: %s is %i",
  async (status, code) => {
    const { iot } = iotThat({
      DescribeJob: () => ({ job: { jobId: "a", status: "COMPLETED" } }),
      ListJobExecutionsForJob: () => ({
        executionSummaries: [
          {
            thingArn: "arn:aws:iot:x:1:thing/b",
            jobExecutionSummary: { status, executionNumber: 1 },
          },
        ],
      }),
      DescribeJobExecution: () => ({ execution: { status, executionNumber: 1 } }),
    });
    const output = { live: false, during: (_text: string, task: () => unknown) => task(), note: () => {} };
    const waiting = {
      output: output as unknown as Output,
      signal: new AbortController().signal,
      timeoutMs: undefined,
    };
    expect(exitCodeOfJob(await waitForJob(iot, "a", { kind: "none" }, waiting))).toBe(code);
  },
);
