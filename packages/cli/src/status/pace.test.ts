import { expect, test } from "vitest";
import { NO_COUNTS } from "../../test/no-counts.js";
import type { JobDescription } from "../aws/jobs.js";
import { abortRulesOf, paceOf } from "./pace.js";

const NOW_MS = Date.UTC(2026, 10, 24, 12);
const MINUTE_MS = 60_000;

function job(counts: Partial<typeof NO_COUNTS>, more: Partial<JobDescription> = {}): JobDescription {
  return {
    jobId: "a",
    status: "IN_PROGRESS",
    continuous: false,
    pendingTargets: 0,
    counts: { ...NO_COUNTS, ...counts },
    createdAt: new Date(NOW_MS - 10 * MINUTE_MS),
    completedAt: undefined,
    ...more,
  } as JobDescription;
}

const HALF = { queued: 40, inProgress: 10, succeeded: 45, failed: 5 };

test("a rate is of all the time, and an end comes from it", () => {
  expect(paceOf(job(HALF), [], NOW_MS)).toEqual({
    ratePerMinute: 5,
    expectedEnd: new Date(NOW_MS + 10 * MINUTE_MS).toISOString(),
  });
});

test("the stretch that was looked at comes before it, once it says something", () => {
  const lately = (agoMs: number) => [
    { agoMs, ended: 40 },
    { agoMs: 0, ended: 50 },
  ];
  expect(paceOf(job(HALF), lately(MINUTE_MS), NOW_MS).ratePerMinute).toBe(10);
  expect(paceOf(job(HALF), lately(MINUTE_MS / 2), NOW_MS).ratePerMinute).toBe(5);
});

test.each([
  ["few have ended", { queued: 96, succeeded: 4 }, {}],
  ["things are still added", HALF, { pendingTargets: 1 }],
  ["things may join", HALF, { continuous: true }],
  ["it was canceled", HALF, { status: "CANCELED", lastUpdatedAt: new Date(NOW_MS) }],
  ["it would take years", { queued: 1_000_000, succeeded: 5 }, {}],
] as const)("no end is foreseen when %s", (_what, counts, more) => {
  const pace = paceOf(job(counts, more), [], NOW_MS);
  expect(pace.ratePerMinute).toBeGreaterThan(0);
  expect(pace.expectedEnd).toBeUndefined();
});

test("a job that began later than it was made is measured from then; one of which nothing ended has no rate", () => {
  const start = { schedulingConfig: { startTime: "2026-11-24 11:55" } };
  expect(paceOf(job(HALF, start), [], NOW_MS).ratePerMinute).toBe(10);
  expect(paceOf(job({ queued: 3 }), [], NOW_MS)).toEqual({});
});

test("the rate of a job that was canceled stays as it was at its last change", () => {
  const canceled = { status: "CANCELED", lastUpdatedAt: new Date(NOW_MS - 5 * MINUTE_MS) };
  const counts = { succeeded: 40, canceled: 10 };
  expect(paceOf(job(counts, canceled), [], NOW_MS).ratePerMinute).toBe(8);
  expect(paceOf(job(counts, canceled), [], NOW_MS + 60 * MINUTE_MS).ratePerMinute).toBe(8);
  expect(paceOf(job({ canceled: 10 }, canceled), [], NOW_MS)).toEqual({});
});

test.each([
  ["FAILED", { failed: 3, succeeded: 37 }, { failures: 3, ended: 40, percent: 7.5, met: false }],
  ["FAILED", { failed: 4, succeeded: 36 }, { failures: 4, ended: 40, percent: 10, met: true }],
  ["FAILED", { failed: 4, succeeded: 4 }, { failures: 4, ended: 8, percent: 50, met: false }],
  ["ALL", { failed: 1, timedOut: 1, rejected: 1, canceled: 27 }, { failures: 3, ended: 30, met: true }],
  ["TIMED_OUT", { queued: 9 }, { failures: 0, ended: 0, percent: null, met: false }],
] as const)("a rule of 10 %% %s after 20 with %j stands at %j", (failureType, counts, stands) => {
  const criterion = {
    failureType,
    action: "CANCEL",
    thresholdPercentage: 10,
    minNumberOfExecutedThings: 20,
  } as const;
  const rules = abortRulesOf(job(counts, { abortConfig: { criteriaList: [criterion] } }));
  expect(rules).toMatchObject([{ failureType, thresholdPercent: 10, minEnded: 20, ...stands }]);
});

test("the rule that canceled a job stays met, although what it canceled has ended too", () => {
  const criterion = {
    failureType: "FAILED",
    action: "CANCEL",
    thresholdPercentage: 10,
    minNumberOfExecutedThings: 20,
  } as const;
  const counts = { failed: 2, succeeded: 18, canceled: 80 };
  const aborted = job(counts, { status: "CANCELED", abortConfig: { criteriaList: [criterion] } });
  expect(abortRulesOf(aborted)).toMatchObject([{ failures: 2, ended: 20, percent: 10, met: true }]);
});
