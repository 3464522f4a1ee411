import type { JobExecutionStatus } from "@fota/shared";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Cloud } from "../aws/cloud.js";
import type { Context } from "../context.js";
import type { Account } from "./account.js";
import { jobSources } from "./job-sources.js";
import { AWS_PAUSES } from "./pauses.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** An account with one job on 300 things, which counts the requests of each operation. */
function openJob() {
  const asked: Record<string, number> = {};
  const counts = { SUCCEEDED: 0, IN_PROGRESS: 300 };
  const statusOf = (i: number): JobExecutionStatus => (i < counts.SUCCEEDED ? "SUCCEEDED" : "IN_PROGRESS");
  const answers: Record<string, (input: { nextToken?: string }) => unknown> = {
    DescribeJobCommand: () => ({
      job: {
        status: counts.IN_PROGRESS === 0 ? "COMPLETED" : "IN_PROGRESS",
        jobProcessDetails: {
          numberOfSucceededThings: counts.SUCCEEDED,
          numberOfInProgressThings: counts.IN_PROGRESS,
        },
      },
    }),
    ListJobExecutionsForJobCommand({ nextToken }) {
      const from = nextToken === undefined ? 0 : 250;
      const executionSummaries = Array.from({ length: from === 0 ? 250 : 50 }, (_, i) => ({
        thingArn: `arn:aws:iot:eu-west-1:123456789012:thing/t-${from + i}`,
        jobExecutionSummary: { status: statusOf(from + i), executionNumber: 1 },
      }));
      return { executionSummaries, ...(from === 0 && { nextToken: "2" }) };
    },
  };
  const client = {
    async send(command: { input: object }) {
      const name = command.constructor.name;
      asked[name] = (asked[name] ?? 0) + 1;
      return answers[name]?.(command.input);
    },
  };
  const call = (_call: unknown, request: (options: object) => unknown) => request({});
  const cloud = { iot: { client, call } } as unknown as Cloud;
  const account = { with: (task: (of: Cloud) => unknown) => task(cloud) } as unknown as Account;
  const context = { host: { signal: new AbortController().signal } } as unknown as Context;
  return {
    sources: jobSources(context, account, AWS_PAUSES, "a"),
    asked,
    succeed(things: number) {
      counts.SUCCEEDED = things;
      counts.IN_PROGRESS = 300 - things;
    },
  };
}

test("things are listed once at first, and again only after the counts have changed or after a minute", async () => {
  const { sources, asked, succeed } = openJob();
  const stops = [sources.state, sources.executions].map((source) => source.watch(() => {}));
  await vi.advanceTimersByTimeAsync(50_000);
  expect(sources.executions.reading.value).toHaveLength(300);
  expect(asked["ListJobExecutionsForJobCommand"]).toBe(2); // two pages
  expect(asked["DescribeJobCommand"]).toBeGreaterThan(10);
  succeed(10);
  await vi.advanceTimersByTimeAsync(7_000);
  expect(asked["ListJobExecutionsForJobCommand"]).toBe(4);
  expect(sources.executions.reading.value?.filter(({ status }) => status === "SUCCEEDED")).toHaveLength(10);
  await vi.advanceTimersByTimeAsync(65_000);
  expect(asked["ListJobExecutionsForJobCommand"]).toBe(6);
  for (const stop of stops) stop();
});

test("a job that has ended is read completely, and then not again", async () => {
  const { sources, asked, succeed } = openJob();
  const stops = [sources.state, sources.executions].map((source) => source.watch(() => {}));
  await vi.advanceTimersByTimeAsync(5_000);
  succeed(300);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sources.executions.reading.value?.every(({ status }) => status === "SUCCEEDED")).toBe(true);
  const before = { ...asked };
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(asked).toEqual(before);
  for (const stop of stops) stop();
});

test("a list is read again after a minute, also if the machine's clock was set back", async () => {
  const { sources, asked } = openJob();
  const stops = [sources.state, sources.executions].map((source) => source.watch(() => {}));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(asked["ListJobExecutionsForJobCommand"]).toBe(2);
  vi.setSystemTime(Date.now() - 3_600_000);
  await vi.advanceTimersByTimeAsync(65_000);
  expect(asked["ListJobExecutionsForJobCommand"]).toBe(4);
  for (const stop of stops) stop();
});
