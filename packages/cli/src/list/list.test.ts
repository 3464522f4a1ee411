import { FotaError } from "@fota/shared";
import * as v from "valibot";
import { expect, test } from "vitest";
import { iotThat } from "../../test/service-that.js";
import { jobNotFound } from "../aws/jobs.js";
import { listMatching } from "./list.js";
import { listQuery } from "./query.js";
import { jobListSchema } from "./result.js";

const NOW = new Date("2026-11-24T12:00:00Z");

/** Jobs in pages, the newest first but for two that are out of order; `job-0` was made an hour ago, each an hour apart. */
function account(count: number) {
  const jobs = Array.from({ length: count }, (_, i) => ({
    jobId: `job-${i}`,
    status: "COMPLETED",
    createdAt: new Date(NOW.getTime() - (i + 1) * 3_600_000),
  }));
  const [first, second] = jobs;
  if (first !== undefined && second !== undefined) jobs.splice(0, 2, second, first);
  return iotThat({
    ListJobs: ({ nextToken, maxResults }) => {
      const from = Number(nextToken ?? 0);
      const to = from + Number(maxResults);
      return { jobs: jobs.slice(from, to), ...(to < jobs.length && { nextToken: String(to) }) };
    },
    DescribeJob: () => ({
      job: { jobProcessDetails: { numberOfSucceededThings: 3, numberOfFailedThings: 1 } },
    }),
  });
}

const PORTS = {
  onCount: () => {},
  onDenied: () => {
    throw new Error("not expected");
  },
};

async function list(iot: ReturnType<typeof account>["iot"], options: Parameters<typeof listQuery>[0]) {
  return v.parse(jobListSchema, await listMatching(iot, listQuery(options, NOW), PORTS));
}

test("the newest are shown in their order, of one page, and that there are more", async () => {
  const { iot, asked } = account(600);
  const { jobs, more } = await list(iot, { limit: "3" });
  expect(jobs.map(({ jobId }) => jobId)).toEqual(["job-0", "job-1", "job-2"]);
  expect(more).toBe(true);
  expect(asked.length).toBeLessThanOrEqual(2);
});

test("all that there are is no more", async () => {
  expect(await list(account(5).iot, { limit: "5" })).toMatchObject({ more: false });
  expect(await list(account(6).iot, { limit: "5" })).toMatchObject({ more: true });
  expect(await list(account(0).iot, {})).toEqual({ jobs: [], more: false });
});

test("--since leaves out what is older, and reads no further than a page of it", async () => {
  const { iot, asked } = account(2_000);
  const { jobs, more } = await list(iot, { since: "3h" });
  expect(jobs).toHaveLength(3);
  expect(more).toBe(false);
  expect(asked.length).toBeLessThanOrEqual(2);
});

test("--counts asks for the jobs that are shown, no others", async () => {
  const { iot, asked } = account(100);
  const { jobs } = await list(iot, { limit: "2", counts: true });
  expect(jobs[0]).toMatchObject({ total: 4, counts: { succeeded: 3, failed: 1 } });
  expect(asked.filter((name) => name === "DescribeJob")).toHaveLength(2);
});

test("of a long list the newest 100 are described, and those that were deleted meanwhile stay as listed", async () => {
  const { iot, asked } = account(150);
  const query = { ...listQuery({ limit: "150" }, NOW), details: "newest" as const };
  const { jobs } = await listMatching(iot, query, PORTS);
  expect(asked.filter((name) => name === "DescribeJob")).toHaveLength(100);
  expect(jobs.filter(({ counts }) => counts !== undefined)).toHaveLength(100);
  const gone = iotThat({
    ListJobs: () => ({ jobs: [{ jobId: "a" }] }),
    DescribeJob: () => {
      throw jobNotFound("a");
    },
  });
  expect((await listMatching(gone.iot, query, PORTS)).jobs).toMatchObject([{ jobId: "a" }]);
});

test("credentials that may not describe jobs get the list without details, and are reported", async () => {
  const { iot } = iotThat({
    ListJobs: () => ({ jobs: [{ jobId: "a" }] }),
    DescribeJob: () => {
      throw new FotaError("ACCESS_DENIED", "no");
    },
  });
  const query = listQuery({}, NOW);
  const denied: string[] = [];
  const ports = { ...PORTS, onDenied: ({ code }: FotaError) => denied.push(code) };
  expect((await listMatching(iot, { ...query, details: "newest" }, ports)).jobs).toMatchObject([
    { jobId: "a" },
  ]);
  expect(denied).toEqual(["ACCESS_DENIED"]);
  // What was asked for is not left out.
  await expect(listMatching(iot, { ...query, details: "all" }, ports)).rejects.toMatchObject({
    code: "ACCESS_DENIED",
  });
});

test("the jobs of a thing come from its executions, the last try of each", async () => {
  const at = (hour: number) => new Date(NOW.getTime() + hour * 3_600_000);
  const summary = (jobId: string, status: string, hour: number) => ({
    jobId,
    jobExecutionSummary: { status, queuedAt: at(hour) },
  });
  const { iot } = iotThat({
    ListJobExecutionsForThing: () => ({
      executionSummaries: [
        summary("old", "SUCCEEDED", 1),
        summary("new", "FAILED", 2),
        summary("new", "QUEUED", 3),
      ],
    }),
    DescribeJob: ({ jobId }) => ({ job: { status: "IN_PROGRESS", createdAt: at(jobId === "old" ? 0 : 2) } }),
  });
  const { jobs } = await list(iot, { target: "pump-1" });
  expect(jobs).toMatchObject([
    { jobId: "new", execution: "QUEUED" },
    { jobId: "old", execution: "SUCCEEDED" },
  ]);
  expect(await list(iot, { target: "pump-1", status: "completed" })).toEqual({ jobs: [], more: false });
});
