import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { readBootRecord } from "../src/boot/boot-record.js";
import { firmwareOf, type Launcher } from "./boot-device.js";
import { StandIn, type StandInDevice } from "./stand-in.js";

/**
 * Sets the time of day of launcher and firmware back by a year as soon as the file JUMPED exists. Each prints its offset
 * when it ends. With HANG_ON_TRIAL, firmware on trial hangs before its first line.
 */
const CLOCK = `const { existsSync } = require("node:fs");
const { now } = Date;
const RealDate = Date;
Date.now = () => now() - (existsSync(process.env.JUMPED) ? 365 * 86_400_000 : 0);
globalThis.Date = new Proxy(RealDate, { construct: (Real, args) => new Real(...(args.length ? args : [Date.now()])) });
process.on("exit", () => console.error(process.pid + " ended, its clock off by " + Math.round((now() - new Date()) / 86_400_000) + " days"));
if (process.env.HANG_ON_TRIAL && process.env.FOTA_TRIAL === "1") process.kill(process.pid, "SIGSTOP");
`;

let standIn: StandIn;
beforeAll(async () => {
  standIn = await StandIn.start();
  for (const version of ["1.0.0", "2.0.0"]) await standIn.buildFirmware(version);
});
afterAll(async () => await standIn.stop());

let dir: string;
let jumped: string;
let clock: Record<string, string>;
let device: StandInDevice | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-clock-"));
  jumped = join(dir, "jumped");
  const preload = join(dir, "clock.cjs");
  await writeFile(preload, CLOCK);
  clock = { NODE_OPTIONS: `--require ${preload}`, JUMPED: jumped };
});
afterEach(async () => {
  standIn.local.faults.clear();
  await device?.boot.dispose();
  device = undefined;
  await rm(dir, { recursive: true });
});

const jump = () => writeFile(jumped, "");

async function stop(launcher: Launcher): Promise<void> {
  launcher.process.kill("SIGTERM");
  await launcher.ended;
}

test("the wall clock jumps back a year while the download waits for its next attempt: SUCCEEDED", async () => {
  device = await standIn.makeDevice("1.0.0", clock);
  const { boot, thingName } = device;
  const jobId = await standIn.createJob("2.0.0", thingName);
  const { faults } = standIn.local;
  faults.add({ kind: "cutTransfer", key: jobId, atByte: 100_000, times: 1 });
  const stall = faults.add({ kind: "stallTransfer", key: jobId, atByte: 200_000 }); // should it wait for very short
  const launcher = boot.launch("--confirm-within", "60");
  await launcher.says(/download stopped at byte/);
  const downloading = await firmwareOf(launcher);
  await jump();
  faults.remove(stall.id);
  await launcher.says(/reporting -> idle/);
  expect(launcher.output()).toContain(`${downloading} ended, its clock off by 365 days`);
  expect(await standIn.executionOf(jobId, thingName)).toMatchObject({ status: "SUCCEEDED" });
  expect(await readBootRecord(boot.dir)).toMatchObject({ currentSlot: 1, workingSlot: 1 });
});

test("the wall clock jumps back a year when the trial has begun: it is confirmed, SUCCEEDED", async () => {
  device = await standIn.makeDevice("1.0.0", clock);
  const { boot, thingName } = device;
  const jobId = await standIn.createJob("2.0.0", thingName);
  const launcher = boot.launch("--confirm-within", "60");
  await launcher.says(/slot 1 on trial/);
  await jump();
  await launcher.says(/reporting -> idle/);
  expect(await standIn.executionOf(jobId, thingName)).toMatchObject({ status: "SUCCEEDED" });
  await stop(launcher);
  expect(launcher.output()).toContain(`${launcher.process.pid} ended, its clock off by 365 days`);
});

test("a trial that hangs is reverted within --confirm-within even if the wall clock jumps back a year", async () => {
  device = await standIn.makeDevice("1.0.0", { ...clock, HANG_ON_TRIAL: "1" });
  const { boot, thingName } = device;
  const jobId = await standIn.createJob("2.0.0", thingName);
  const launcher = boot.launch("--confirm-within", "0.5", "--stop-grace", "0.1");
  await launcher.says(/slot 1 on trial/); // it may take longer than its time until it hangs
  await jump();
  await launcher.says(/slot 1 was not confirmed within 0\.5 s; reverting to slot 0/);
  await launcher.says(/reporting -> idle/);
  expect(await standIn.executionOf(jobId, thingName)).toMatchObject({
    status: "FAILED",
    statusDetails: { detailsMap: { reason: "invalid fota" } },
  });
  expect(await readBootRecord(boot.dir)).toMatchObject({ currentSlot: 0, workingSlot: 0 });
  await stop(launcher);
  expect(launcher.output()).toContain(`${launcher.process.pid} ended, its clock off by 365 days`);
});
