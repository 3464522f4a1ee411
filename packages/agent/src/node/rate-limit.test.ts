import { expect, test } from "vitest";
import { Interruption } from "../core/interruption.js";
import { LOWEST_RATE_LIMIT, RateLimit } from "./rate-limit.js";

test("the lowest limit is well above the rate at which the agent gives a download up", () => {
  expect(LOWEST_RATE_LIMIT).toBe(1024);
});

test("cuts bytes into pieces of a quarter of a second", () => {
  const limit = new RateLimit(4_000);
  const bytes = Uint8Array.from({ length: 2_500 }, (_, index) => index % 251);
  const pieces = [...limit.cut(bytes)];
  expect(pieces.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
  expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
});

test("the first bytes pass at once, and the next ones wait for their time", async () => {
  const limit = new RateLimit(10_000);
  const startMs = performance.now();
  await limit.wait(1_000);
  await limit.wait(1_000);
  await limit.wait(1_000);
  // Timers of Node count whole milliseconds, and may fire up to one early.
  expect(performance.now() - startMs).toBeGreaterThan(198);
});

test("time without bytes is not saved up", async () => {
  const limit = new RateLimit(10_000);
  await limit.wait(100);
  await new Promise((resolve) => setTimeout(resolve, 150));
  const startMs = performance.now();
  await limit.wait(1_000);
  await limit.wait(1_000);
  expect(performance.now() - startMs).toBeGreaterThan(98);
});

test.each(["during", "before"])("an interrupt %s the wait ends it at once", async (when) => {
  const limit = new RateLimit(1);
  await limit.wait(3_600); // one hour
  const interruption = new Interruption();
  if (when === "before") interruption.interrupt("stopped");
  const waiting = limit.wait(1, interruption);
  interruption.interrupt("stopped");
  await expect(waiting).rejects.toThrow("interrupted");
});
