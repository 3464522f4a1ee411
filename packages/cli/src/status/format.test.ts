import { expect, test } from "vitest";
import { formatCounts, formatSummary, formatThings } from "./format.js";
import type { JobSummary, ThingSummary } from "./result.js";

const plain = (_style: string, text: string) => text;

const summary: JobSummary = {
  jobId: "fota-1",
  status: "IN_PROGRESS",
  counts: {
    queued: 4,
    inProgress: 1,
    succeeded: 2,
    failed: 1,
    timedOut: 0,
    rejected: 0,
    removed: 0,
    canceled: 0,
  },
  total: 8,
};

function thing(name: string, status: ThingSummary["status"], more: Partial<ThingSummary> = {}): ThingSummary {
  return { thing: name, status, executionNumber: 1, ...more };
}

test("counts name only what there is", () => {
  expect(formatCounts(summary, plain)).toBe("2 succeeded, 1 failed, 1 in progress, 4 queued of 8");
});

test("the bar is as long as it may be, each part by its share", () => {
  const lines = formatSummary(summary, plain, 20).split("\n");
  expect(lines[0]).toBe("job fota-1  IN_PROGRESS");
  expect(lines[2]).toBe("  ████▓▓▒▒░░░░░░░░");
});

test("a job that no thing has yet says so", () => {
  const counts = { ...summary.counts, queued: 0, inProgress: 0, succeeded: 0, failed: 0 };
  expect(formatSummary({ ...summary, counts, total: 0 }, plain, 80)).toMatch(/no thing has it yet$/);
});

test("each thing has one line that ends in its progress or its cause", () => {
  const things = [
    thing("pump-1", "QUEUED"),
    thing("pump-22", "IN_PROGRESS", { phase: "downloading", percent: 42 }),
    thing("pump-3", "SUCCEEDED", { running: "1.4.0" }),
    thing("pump-4", "FAILED", { reason: "self-test-failed", detail: "no sensor" }),
    thing("pump-5", "TIMED_OUT"),
  ];
  expect(formatThings(things, plain, 80).split("\n")).toEqual([
    "  pump-1   QUEUED       waiting for the thing",
    "  pump-22  IN_PROGRESS  downloading 42 %",
    "  pump-3   SUCCEEDED    runs 1.4.0",
    "  pump-4   FAILED       self-test-failed: no sensor",
    "  pump-5   TIMED_OUT",
  ]);
});

test("a cause that is too long for the line is cut, one that has no room at all is not", () => {
  const failed = thing("pump-1", "FAILED", { reason: "digest-mismatch", detail: "x".repeat(100) });
  const cut = formatThings([failed], plain, 60);
  expect(cut).toHaveLength(60);
  expect(cut.endsWith("…")).toBe(true);
  expect(formatThings([failed], plain, 20)).not.toContain("…");
});
