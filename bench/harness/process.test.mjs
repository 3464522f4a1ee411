import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, expect, test } from "vitest";
import { cpuMsDuring, cpuMsOf, peakRssMiBOf, rssMiBOf } from "./process.mjs";

// A process of its own, as in a benchmark: that of the tests has threads of earlier files that have ended.
const BUSY_ON_DEMAND = `
const usedMs = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
process.on("message", (busyMs) => {
  const beforeMs = usedMs();
  while (usedMs() - beforeMs < busyMs);
  process.send({ usedMs: usedMs() - beforeMs, inAllMs: usedMs() });
});
process.send("ready");
`;
const child = spawn(process.execPath, ["-e", BUSY_ON_DEMAND], {
  stdio: ["ignore", "inherit", "inherit", "ipc"],
});
await once(child, "message");
afterAll(() => child.kill());

/** Has the child compute for `busyMs`, and returns what it says that it used. */
async function busyFor(busyMs) {
  child.send(busyMs);
  const [answer] = await once(child, "message");
  return answer;
}

test("the processor time of a process is no less than it counts itself", async () => {
  const { cpuMs, result } = await cpuMsDuring(child.pid, async () => await busyFor(200));
  expect(cpuMs).toBeGreaterThan(result.usedMs - 20);
  expect(await cpuMsOf(child.pid)).toBeGreaterThan(result.inAllMs - 20);
});

test("less than the 10 ms of a tick are measured too", async () => {
  const measured = [];
  for (let round = 0; round < 10; round += 1) {
    measured.push((await cpuMsDuring(child.pid, async () => await busyFor(3))).cpuMs);
  }
  expect(measured.filter((cpuMs) => cpuMs > 0 && cpuMs % 10 !== 0)).not.toEqual([]);
});

test("the peak of the memory is no less than the memory now", async () => {
  const rssMiB = await rssMiBOf(child.pid);
  expect(rssMiB).toBeGreaterThan(10);
  expect(await peakRssMiBOf(child.pid)).toBeGreaterThanOrEqual(rssMiB);
});
