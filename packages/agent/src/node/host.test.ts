import { afterEach, expect, test, vi } from "vitest";
import { nodeClock, nodeRandom, stderrLog } from "./host.js";

afterEach(() => vi.restoreAllMocks());

test("the log has what is at or above its level, on stderr", () => {
  const write = vi.spyOn(console, "error").mockReturnValue();
  const log = stderrLog("warn");
  log("info", "quiet");
  log("warn", "slow");
  log("error", "broken");
  expect(write.mock.calls).toEqual([["fota: warn: slow"], ["fota: error: broken"]]);
});

test("an action is called after its delay, unless it was canceled", async () => {
  const canceled = vi.fn();
  nodeClock.after(1, canceled)();
  const before = nodeClock.monotonicMs();
  await new Promise<void>((resolve) => nodeClock.after(5, resolve));
  expect(nodeClock.monotonicMs() - before).toBeGreaterThanOrEqual(4);
  expect(canceled).not.toHaveBeenCalled();
});

test("tokens differ, and random numbers are from 0 up to 1", () => {
  expect(nodeRandom.token()).not.toBe(nodeRandom.token());
  const number = nodeRandom.next();
  expect(number >= 0 && number < 1).toBe(true);
});
