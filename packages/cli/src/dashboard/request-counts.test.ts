import { expect, test } from "vitest";
import { createRequestCounts } from "./request-counts.js";

test("counts requests by operation and outcome", () => {
  const counts = createRequestCounts();
  const about = { service: "IoT", operation: "DescribeJob", durationMs: 1 };
  counts.add({ ...about, status: 200 });
  counts.add({ ...about, status: 200 });
  counts.add({ ...about, status: 429, error: "ThrottlingException" });
  counts.add({ ...about, status: 400, error: "LimitExceededException" });
  counts.add({ ...about, status: 404, error: "ResourceNotFoundException" });
  counts.add({ ...about, error: "ECONNREFUSED" });
  const of = { service: "IoT", operation: "DescribeJob" };
  expect(counts.list()).toEqual([
    { ...of, outcome: "ok", count: 2 },
    { ...of, outcome: "throttled", count: 2 },
    { ...of, outcome: "error", count: 2 },
  ]);
});
