import { expect, test } from "vitest";
import { figureRow, median, ratiosInPairs, spread } from "./figures.mjs";

test("the median is the middle value, or the mean of the two in the middle", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([10, 9, 1, 4])).toBe(6.5);
  expect(spread([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3 });
});

test("a ratio is taken in pairs, so a slow round does not count against one side", () => {
  expect(ratiosInPairs([10, 100], [20, 200])).toEqual([0.5, 0.5]);
  const row = figureRow({ what: "a", unit: "ms", ours: [10, 100, 11], peer: [20, 200, 20] });
  expect(row).toMatchObject({ ours: 11, peer: 20, ratio: 0.5, low: 0.5, high: 0.55, met: undefined });
});

test.each([
  { goal: { atMost: 0.5, of: "peer" }, ratio: 0.5, met: true },
  { goal: { atMost: 0.4, of: "peer" }, ratio: 0.5, met: false },
  { goal: { atMost: 1.5, of: "bare" }, ratio: 2, met: false },
  { goal: { atLeast: 2, of: "bare" }, ratio: 2, met: true },
  { goal: { atMost: 10 }, ratio: undefined, met: true },
  { goal: { atMost: 9 }, ratio: undefined, met: false },
])("$goal: met is $met", ({ goal, ratio, met }) => {
  const row = figureRow({ what: "a", unit: "ms", ours: [10], peer: [20], bare: [5], goal });
  expect(row).toMatchObject({ ratio, met });
});

test("a goal is not judged when its side was not measured", () => {
  const row = figureRow({ what: "a", unit: "ms", ours: [10], bare: [5], goal: { atMost: 1, of: "peer" } });
  expect(row).toMatchObject({ ours: 10, bare: 5, ratio: undefined, met: undefined });
});

test("a round whose other value is too small to measure has no ratio", () => {
  expect(ratiosInPairs([10, 20], [0, 10])).toEqual([2]);
  const goal = { atMost: 1, of: "bare" };
  const row = figureRow({ what: "a", unit: "ms", ours: [10, 20], bare: [0, 0], goal });
  expect(row).toMatchObject({ ours: 15, bare: 0, ratio: undefined, low: 10, high: 20, met: undefined });
});
