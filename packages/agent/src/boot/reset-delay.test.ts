import { expect, test } from "vitest";
import { resetDelayMs } from "./reset-delay.js";

test("an update and its way back do not wait; firmware that resets on and on waits longer and longer", () => {
  const delays = Array.from({ length: 12 }, (_, quickBoots) => resetDelayMs(quickBoots) / 1000);
  expect(delays).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
});

test("the wait stays within a minute however long it goes on", () => {
  expect(resetDelayMs(1_000_000)).toBe(60_000);
});
