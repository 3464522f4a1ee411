import { expect, test } from "vitest";
import { backoffMs } from "./backoff.js";

const policy = { baseMs: 100, maxMs: 1_000 };

test.each([
  [1, 0.999, 99],
  [2, 0.5, 100],
  [4, 0.5, 400],
  [50, 0.5, 500],
  [9, 0, 0],
])("after %i failures at %f: %i ms", (failures, random, delayMs) => {
  expect(backoffMs(failures, policy, random)).toBe(delayMs);
});
