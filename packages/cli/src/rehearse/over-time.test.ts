import { rehearse } from "@fota/local";
import { expect, test } from "vitest";
import { binsOf } from "./bins.js";
import { overTimeOf } from "./over-time.js";

const linkSpeed = { medianBytesPerSecond: 1000 };

function runs(count: number, trialFailureShare: number) {
  const groups = [{ name: "all", weight: 1, linkSpeed, trialFailureShare }];
  const job = { jobExecutionsRolloutConfig: { maximumPerMinute: 10 } };
  return rehearse({ startMs: 0, imageBytes: 1000, job, population: { size: 100, groups } }, { runs: count })
    .runs;
}

test("the curves rise to the end of the runs, and the middle is inside the band", () => {
  const points = overTimeOf(runs(10, 0.2));
  expect(points.length).toBe(61);
  const [first, last] = [points[0], points.at(-1)];
  expect(first?.succeeded).toEqual({ p10: 0, p50: 0, p90: 0 });
  expect(last?.created).toEqual({ p10: 100, p50: 100, p90: 100 });
  for (const [index, { afterSeconds, succeeded, failed }] of points.entries()) {
    const before = points[index - 1];
    if (before !== undefined) {
      expect(afterSeconds).toBeGreaterThan(before.afterSeconds);
      expect(succeeded.p50).toBeGreaterThanOrEqual(before.succeeded.p50);
    }
    for (const { p10, p50, p90 } of [succeeded, failed])
      expect([p10, p50, p90]).toEqual([p10, p50, p90].sort((a, b) => a - b));
  }
  expect((last?.succeeded.p50 ?? 0) + (last?.failed.p50 ?? 0)).toBeGreaterThan(90);
});

test("one run is its own band", () => {
  for (const { succeeded } of overTimeOf(runs(1, 0.2)))
    expect(new Set(Object.values(succeeded)).size).toBe(1);
});

test("bins have each value once, and there are none if all values are equal", () => {
  expect(binsOf([])).toEqual([]);
  expect(binsOf([5, 5, 5])).toEqual([]);
  const bins = binsOf([0, 1, 2, 12]);
  expect(bins).toHaveLength(12);
  expect(bins.map(({ count }) => count)).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(4);
});
