import { expect, test } from "vitest";
import { progressFilter } from "./progress.js";

test("due after 10 percent and 30 s, both; never at the end", () => {
  let nowMs = 0;
  const isDue = progressFilter(
    { monotonicMs: () => nowMs },
    { stepPercent: 10, minIntervalMs: 30_000 },
    0,
    1_000,
  );
  expect(isDue(500)).toBe(false);
  nowMs = 30_000;
  expect(isDue(90)).toBe(false);
  expect(isDue(100)).toBe(true);
  expect(isDue(300)).toBe(false);
  nowMs = 60_000;
  expect(isDue(300)).toBe(true);
  nowMs = 90_000;
  expect(isDue(1_000)).toBe(false);
});
