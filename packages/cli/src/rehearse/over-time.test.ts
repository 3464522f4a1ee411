import { rehearse } from "@fota/local";
import { expect, test } from "vitest";
import { binsOf, wholeBinsOf } from "./bins.js";
import { overTimeOf } from "./over-time.js";
import { formatDuration } from "./words.js";

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
  expect(binsOf([], String)).toEqual([]);
  expect(binsOf([5, 5, 5], String)).toEqual([]);
  const bins = binsOf([0, 1, 2, 12], String);
  expect(bins).toHaveLength(12);
  expect(bins.map(({ count }) => count)).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  expect(bins.at(-1)).toMatchObject({ from: 11, to: 12 });
});

test("the edges of bins have labels that differ", () => {
  const edgesOf = (seconds: readonly number[]) => {
    const bins = binsOf(seconds, formatDuration);
    expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(bins.length === 0 ? 0 : seconds.length);
    return [...bins.map(({ from }) => from), ...bins.slice(-1).map(({ to }) => to)].map(formatDuration);
  };
  expect(edgesOf([2_100, 2_190, 2_280])).toEqual(["35m", "36m", "37m", "38m"]);
  expect(edgesOf([2_100, 2_110])).toEqual([]);
  expect(new Set(edgesOf([60, 7_000])).size).toBe(13);
});

test("bins of whole numbers have whole edges", () => {
  expect(wholeBinsOf([])).toEqual([]);
  expect(wholeBinsOf([8, 8])).toEqual([]);
  expect(wholeBinsOf([8, 9, 9])).toEqual([
    { from: 8, to: 9, count: 1 },
    { from: 9, to: 10, count: 2 },
  ]);
  const many = wholeBinsOf([8, 20, 37]);
  expect(many.map(({ from }) => from)).toEqual([8, 11, 14, 17, 20, 23, 26, 29, 32, 35]);
  expect(many.at(-1)).toEqual({ from: 35, to: 38, count: 1 });
});
