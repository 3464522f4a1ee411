import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startWatchdog, watchdogLimitMs } from "./watchdog.js";

test.each([
  [{ WATCHDOG_USEC: "180000000" }, 180_000],
  [{ WATCHDOG_USEC: "180000000", WATCHDOG_PID: "7" }, 180_000],
  [{ WATCHDOG_USEC: "180000000", WATCHDOG_PID: "8" }, undefined],
  [{ WATCHDOG_PID: "7" }, undefined],
  [{ WATCHDOG_USEC: "0" }, undefined],
  [{ WATCHDOG_USEC: "3min" }, undefined],
])("systemd watches process 7 by %j: %s ms", (variables, limitMs) => {
  expect(watchdogLimitMs(variables, 7)).toBe(limitMs);
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A watchdog with a limit of 1 s, and what it sent and logged. */
function watch(findHang: () => Promise<string | undefined>) {
  const seen: string[] = [];
  const end = startWatchdog({
    limitMs: 1_000,
    findHang,
    sendAlive: () => seen.push("alive"),
    log: (_level, text) => seen.push(text),
  });
  return { seen, end };
}

test("it sends a sign of life at the start and twice in each limit, until it ends", async () => {
  const { seen, end } = watch(async () => undefined);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(seen).toEqual(["alive", "alive", "alive"]);
  end();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(seen).toHaveLength(3);
});

test("during a hang it sends none, logs the hang once, and goes on when it ends", async () => {
  let hang: string | undefined = "no progress";
  const { seen, end } = watch(async () => hang);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(seen).toEqual([expect.stringMatching(/^no progress: systemd restarts fota-agent/)]);
  hang = undefined;
  await vi.advanceTimersByTimeAsync(500);
  expect(seen.at(-1)).toBe("alive");
  end();
});

test("it sends none while the check itself hangs", async () => {
  let answer: (hang: undefined) => void = () => {};
  const { seen, end } = watch(() => new Promise((resolve) => (answer = resolve)));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(seen).toEqual([]);
  answer(undefined);
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toEqual(["alive"]);
  end();
});
