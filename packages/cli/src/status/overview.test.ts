import { expect, test } from "vitest";
import { iotThat } from "../../test/service-that.js";
import { readOverview } from "./overview.js";

/** An account with jobs that completed a week ago, and an older one in progress. */
function accountWith(completed: number) {
  const now = Date.now();
  const old = Array.from({ length: completed }, (_, i) => ({
    jobId: `old-${i}`,
    jobArn: "arn",
    status: "COMPLETED",
    createdAt: new Date(now - 7 * 86_400_000 - i),
    completedAt: new Date(now - 7 * 86_400_000),
  }));
  const running = {
    jobId: "running",
    jobArn: "arn",
    status: "IN_PROGRESS",
    createdAt: new Date(now - 14 * 86_400_000),
  };
  const all = [...old, running];
  const { iot, asked } = iotThat({
    ListJobs: ({ status, nextToken }) => {
      const jobs = all.filter((job) => status === undefined || job.status === status);
      const from = Number(nextToken ?? 0);
      return {
        jobs: jobs.slice(from, from + 250),
        ...(from + 250 < jobs.length && { nextToken: String(from + 250) }),
      };
    },
    DescribeJob: ({ jobId }) => ({
      job: { jobId, jobArn: "arn", status: "IN_PROGRESS", jobProcessDetails: {} },
    }),
  });
  return { iot, asked };
}

test.each([
  ["one list, if a page has all jobs", 248, ["ListJobs", "DescribeJob"]],
  ["lists by status, if there are more", 250, ["ListJobs", "ListJobs", "ListJobs", "DescribeJob"]],
])("the overview takes %s", async (_what, completed, requests) => {
  const { iot, asked } = accountWith(completed);
  const { jobs } = await readOverview(iot);
  expect(jobs.map(({ jobId }) => jobId)).toEqual(["running"]);
  expect(asked).toEqual(requests);
});
