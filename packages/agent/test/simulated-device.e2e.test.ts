import { execFile } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { BootDevice, buildFotaBoot } from "./boot-device.js";
import { ScriptedBroker } from "./scripted-broker.js";

const run = promisify(execFile);
const BUILD = join(import.meta.dirname, "../../../examples/simulated-device/build.mjs");

let tools: string;
let fotaBoot: string;
let device: BootDevice;
let broker: ScriptedBroker;
beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), "fota-sim-tools-"));
  fotaBoot = await buildFotaBoot(tools);
  await run(process.execPath, [BUILD, "--version", "1.0.0", "--out", join(tools, "good")]);
  await run(process.execPath, [BUILD, "--version", "2.0.0", "--broken", "--out", join(tools, "broken")]);
});
afterAll(async () => await rm(tools, { recursive: true }));
beforeEach(async () => {
  broker = await ScriptedBroker.start();
  device = await BootDevice.make(fotaBoot);
  vi.stubEnv("FOTA_THING", "sim-1");
  vi.stubEnv("FOTA_MQTT_URL", `mqtt://127.0.0.1:${broker.port}`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await device.dispose();
  await broker.stop();
});

test("the firmware runs from its slot, connects, asks for jobs, and ends cleanly on SIGTERM", async () => {
  expect((await stat(join(tools, "good"))).mode & 0o777).toBe(0o755);
  expect(await device.launch("--install", join(tools, "good")).ended).toBe(0);
  const launcher = device.launch();
  await launcher.says(/^firmware 1\.0\.0 running from slot 0$/);
  await broker.until(() => broker.published.some(({ topic }) => topic === "$aws/things/sim-1/jobs/get"));
  launcher.process.kill("SIGTERM");
  expect(await launcher.ended).toBe(0);
  expect(broker.openSockets).toBe(0);
});

test("the broken variant crashes at boot, before it connects", async () => {
  expect(await device.launch("--install", join(tools, "broken")).ended).toBe(0);
  const launcher = device.launch();
  expect(await launcher.ended).toBe(1);
  expect(launcher.output()).toMatch(/firmware 2\.0\.0 is broken/);
  expect(broker.connects).toBe(0);
});

test.each([
  ["--out", "x"],
  ["--version", "1.0.0"],
])("build.mjs with only %s %s is a usage error", async (...args) => {
  await expect(run(process.execPath, [BUILD, ...args])).rejects.toMatchObject({ code: 2 });
});
