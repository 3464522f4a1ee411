import { chmod, writeFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { readBootRecord } from "../src/boot/boot-record.js";
import { startProgram } from "./agent-program.js";
import { StandIn, type StandInDevice } from "./stand-in.js";
import type { WatchedProcess } from "./watched-process.js";

let standIn: StandIn;
let device: StandInDevice;
const processes: WatchedProcess[] = [];

beforeAll(async () => {
  standIn = await StandIn.start();
  await makeImage("1.0.0", "exec sleep 600");
  await makeImage("2.0.0", "exec sleep 600");
  await makeImage("2.0.1", "exit 3");
});
afterAll(async () => await standIn.stop());
beforeEach(async () => {
  device = await standIn.makeDevice("1.0.0");
});
afterEach(async () => {
  for (const { process, ended } of processes.splice(0)) {
    process.kill("SIGKILL");
    await ended;
  }
  await device.boot.dispose();
});

/** Makes a shell script that knows nothing of updates. */
async function makeImage(version: string, script: string): Promise<void> {
  const path = standIn.imagePath(version);
  await writeFile(path, `#!/bin/sh\necho "app ${version} pid $$ "\n${script}\n`);
  await chmod(path, 0o755);
}

function run(env: Readonly<Record<string, string>> = {}): WatchedProcess {
  const daemon = startProgram(device, ["run"], env);
  processes.push(daemon);
  return daemon;
}

async function resultOf(jobId: string) {
  const { status, statusDetails } = await standIn.executionOf(jobId, device.thingName);
  return { status, ...statusDetails?.detailsMap };
}

test("beside fota-boot, it installs an image that knows nothing of updates, and confirms it", async () => {
  const launcher = device.boot.launch();
  await launcher.says(/app 1\.0\.0/);
  const daemon = run();
  await daemon.says(/connected to/);
  const jobId = await standIn.createJob("2.0.0", device.thingName);
  await daemon.says(/reporting -> idle/);
  await launcher.says(/app 2\.0\.0/);
  expect(await resultOf(jobId)).toMatchObject({ status: "SUCCEEDED" });
  expect(await readBootRecord(device.boot.dir)).toMatchObject({ currentSlot: 1, workingSlot: 1 });
  daemon.process.kill("SIGTERM");
  expect(await daemon.ended).toBe(0);
});

test("an image that exits on trial is reverted and reported, and the next update works", async () => {
  const launcher = device.boot.launch();
  await launcher.says(/app 1\.0\.0/);
  const daemon = run();
  const broken = await standIn.createJob("2.0.1", device.thingName);
  await daemon.says(/reporting -> idle/);
  expect(await resultOf(broken)).toMatchObject({ status: "FAILED", reason: "invalid fota" });
  expect(await readBootRecord(device.boot.dir)).toMatchObject({ currentSlot: 0, workingSlot: 0 });
  const fixed = await standIn.createJob("2.0.0", device.thingName);
  await launcher.says(/app 2\.0\.0/);
  await daemon.says(/SUCCEEDED/);
  expect(await readBootRecord(device.boot.dir)).toMatchObject({ currentSlot: 1 });
  expect((await resultOf(fixed)).status).toMatch(/IN_PROGRESS|SUCCEEDED/);
});
