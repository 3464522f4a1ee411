import fc from "fast-check";
import { expect, test } from "vitest";
import { WakeQueue } from "./wake-queue.js";

test("devices come by time, and at the same time by number", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 50 }), (times) => {
      const queue = new WakeQueue(times.length);
      for (const [device, atMs] of times.entries()) queue.add(device, atMs, "start");
      const expected = times.map((atMs, device) => ({ atMs, device }));
      expected.sort((a, b) => a.atMs - b.atMs || a.device - b.device);
      const taken = times.map(() => ({ atMs: queue.nextMs, device: queue.take().device }));
      expect(taken).toEqual(expected);
      expect(queue.nextMs).toBe(Number.POSITIVE_INFINITY);
    }),
  );
});

test("a device that was taken can be added again", () => {
  const queue = new WakeQueue(2);
  queue.add(1, 10, "start");
  queue.add(0, 20, "start");
  expect(queue.take()).toEqual({ device: 1, wake: "start" });
  expect([queue.has(0), queue.has(1)]).toEqual([true, false]);
  queue.add(1, 15, "report");
  expect(queue.take()).toEqual({ device: 1, wake: "report" });
  expect(queue.take()).toEqual({ device: 0, wake: "start" });
});
