import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "./clock.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const YEAR_MS = 365 * 86_400_000;

test("a wait of one year, longer than a Node.js timer allows, does not end at once", () => {
  const action = vi.fn();
  systemClock.after(YEAR_MS, action);
  vi.advanceTimersByTime(YEAR_MS - 1);
  expect(action).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(action).toHaveBeenCalledOnce();
});

test("a wait can be canceled at any time", () => {
  const action = vi.fn();
  const cancel = systemClock.after(YEAR_MS, action);
  vi.advanceTimersByTime(YEAR_MS / 2);
  cancel();
  vi.advanceTimersByTime(YEAR_MS);
  expect(action).not.toHaveBeenCalled();
});
