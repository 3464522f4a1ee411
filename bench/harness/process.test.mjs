import { expect, test } from "vitest";
import { cpuMsDuring, cpuMsOf, peakRssMiBOf, rssMiBOf } from "./process.mjs";

test("the processor time of a process is the one that it counts itself", async () => {
  const { cpuMs, result } = await cpuMsDuring(process.pid, async () => {
    const { user, system } = process.cpuUsage();
    const ownMs = () => (process.cpuUsage().user + process.cpuUsage().system - user - system) / 1000;
    while (ownMs() < 200);
    return ownMs();
  });
  expect(Math.abs(cpuMs - result)).toBeLessThan(50);
  const { user, system } = process.cpuUsage();
  expect(await cpuMsOf(process.pid)).toBeGreaterThanOrEqual((user + system) / 1000 - 20);
});

test("less than the 10 ms of a tick are measured too", async () => {
  const busyMs = 3;
  const measured = [];
  for (let round = 0; round < 10; round += 1) {
    const { cpuMs } = await cpuMsDuring(process.pid, async () => {
      const start = process.cpuUsage();
      const ownMs = () => {
        const { user, system } = process.cpuUsage(start);
        return (user + system) / 1000;
      };
      while (ownMs() < busyMs);
    });
    measured.push(cpuMs);
  }
  // Now and then the ticks are ahead of the threads.
  expect(measured.filter((cpuMs) => cpuMs > busyMs / 2 && cpuMs % 10 !== 0)).not.toEqual([]);
});

test("the peak of the memory is no less than the memory now", async () => {
  const rssMiB = await rssMiBOf(process.pid);
  expect(rssMiB).toBeGreaterThan(10);
  expect(await peakRssMiBOf(process.pid)).toBeGreaterThanOrEqual(rssMiB);
});
