import { chmod, mkdtemp, readdir, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { readBootRecord } from "../src/boot/boot-record.js";
import { outcomeSchema } from "../src/daemon/bench/outcome.js";
import { checkSchema } from "../src/daemon/check/finding.js";
import { type Status, statusSchema } from "../src/daemon/status/result.js";
import { PROGRAM, startProgram } from "./agent-program.js";
import { canMount, SmallDisk } from "./small-disk.js";
import { StandIn, type StandInDevice } from "./stand-in.js";
import { killAll, type WatchedProcess } from "./watched-process.js";

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
  await killAll(processes);
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

async function command(...args: string[]): Promise<{ exit: unknown; output: string }> {
  const started = startProgram(device, args);
  const exit = await started.ended;
  return { exit, output: started.output() };
}

async function status(): Promise<Status> {
  const { output } = await command("status", "--json");
  return v.parse(statusSchema, JSON.parse(output));
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
  expect(await resultOf(broken)).toMatchObject({
    status: "FAILED",
    reason: "invalid fota",
    detail:
      "the new image was not confirmed: the boot loader reverted to the old one: slot 1 failed on trial (exit 3)",
  });
  expect(await readBootRecord(device.boot.dir)).toMatchObject({ currentSlot: 0, workingSlot: 0 });
  const fixed = await standIn.createJob("2.0.0", device.thingName);
  await launcher.says(/app 2\.0\.0/);
  await daemon.says(/SUCCEEDED/);
  expect(await readBootRecord(device.boot.dir)).toMatchObject({ currentSlot: 1 });
  expect((await resultOf(fixed)).status).toMatch(/IN_PROGRESS|SUCCEEDED/);
});

test("status is the same with and without the daemon, and tells version, slot and the last result", async () => {
  const launcher = device.boot.launch();
  await launcher.says(/app 1\.0\.0/);
  expect(await status()).toMatchObject({
    slot: 0,
    boot: "confirmed",
    version: null,
    last: null,
    daemon: null,
  });
  const daemon = run();
  await daemon.says(/connected to/);
  const jobId = await standIn.createJob("2.0.1", device.thingName);
  await daemon.says(/reporting -> idle/);
  const running = await status();
  expect(running).toMatchObject({
    thing: device.thingName,
    slot: 0,
    phase: "idle",
    last: { jobId, status: "FAILED", reason: "invalid fota" },
    daemon: { link: "connected", problem: null },
  });
  daemon.process.kill("SIGTERM");
  expect(await daemon.ended).toBe(0);
  expect(await status()).toEqual({ ...running, daemon: null });
});

test("install: an image from a file is tried, confirmed and shown with its version", async () => {
  const launcher = device.boot.launch();
  await launcher.says(/app 1\.0\.0/);
  const daemon = run();
  await daemon.says(/connected to/);
  const installed = await command("install", standIn.imagePath("2.0.0"), "--fw-version", "2.0.0");
  expect(installed).toEqual({
    exit: 0,
    output: "slot 1 holds the image and boots next, on trial; restarting\n",
  });
  await daemon.says(/command: install \S+, version 2\.0\.0, \d+ bytes/);
  await daemon.says(/slot 1 holds the image and boots next/);
  await launcher.says(/app 2\.0\.0/);
  await daemon.says(/slot 1 runs on trial/);
  await daemon.says(/installed image in slot 1 is confirmed/);
  expect(await status()).toMatchObject({
    version: "2.0.0",
    slot: 1,
    boot: "confirmed",
    last: { jobId: null, status: "SUCCEEDED", version: "2.0.0" },
  });
});

test("install: a broken image is reverted, and so is one that `revert` ends", async () => {
  const launcher = device.boot.launch();
  await launcher.says(/app 1\.0\.0/);
  const daemon = run({ FOTA_AGENT_TRIAL_CONFIRM_AFTER_SECONDS: "60" });
  await daemon.says(/connected to/);
  expect(await command("install", standIn.imagePath("2.0.1"))).toMatchObject({ exit: 0 });
  await daemon.says(/the boot loader reverted to slot 0: slot 1 failed on trial/);
  await daemon.says(/installed image is not used/);
  expect(await status()).toMatchObject({ slot: 0, boot: "confirmed", last: { status: "FAILED" } });
  expect(await command("install", standIn.imagePath("2.0.0"))).toMatchObject({ exit: 0 });
  await launcher.says(/app 2\.0\.0/);
  await eventually(async () => expect(await status()).toMatchObject({ slot: 1, boot: "trial" }));
  expect(await command("install", standIn.imagePath("2.0.0"))).toEqual({
    exit: 1,
    output:
      "error: slot 1 is on trial or boots next (DEVICE_BUSY)\nhint: run `fota-agent confirm` or `fota-agent revert` first\n",
  });
  const reverted = await command("revert", "--json");
  expect(v.parse(outcomeSchema, JSON.parse(reverted.output))).toEqual({
    message: "slot 0 boots again; restarting",
    slot: 0,
    restart: true,
  });
  await eventually(async () => expect(await status()).toMatchObject({ slot: 0, boot: "confirmed" }));
});

test.each([
  ["with the daemon", true],
  ["without a daemon", false],
])("the job of a trial that `revert` ends tells so: %s", async (_how, hasDaemon) => {
  const launcher = device.boot.launch();
  await launcher.says(/app 1\.0\.0/);
  const settings = { FOTA_AGENT_TRIAL_CONFIRM_AFTER_SECONDS: "60" };
  const daemon = run(settings);
  const jobId = await standIn.createJob("2.0.0", device.thingName);
  await launcher.says(/app 2\.0\.0/);
  await eventually(async () => expect(await status()).toMatchObject({ boot: "trial", phase: "trial" }));
  if (!hasDaemon) {
    daemon.process.kill("SIGKILL");
    await daemon.ended;
  }
  expect(await command("revert")).toEqual({ exit: 0, output: "slot 0 boots again; restarting\n" });
  const reporter = hasDaemon ? daemon : run(settings);
  await reporter.says(/reporting -> idle/);
  const detail = "`fota-agent revert` ended the trial";
  expect(await resultOf(jobId)).toMatchObject({
    status: "FAILED",
    reason: "reverted-by-hand",
    detail,
    running: "slot 0",
  });
  expect(await status()).toMatchObject({ slot: 0, last: { jobId, reason: "reverted-by-hand", detail } });
});

test("an image that runs but is not confirmed in time is reverted by the agent", async () => {
  const launcher = device.boot.launch();
  await launcher.says(/app 1\.0\.0/);
  const limits = { FOTA_AGENT_TRIAL_CONFIRM_AFTER_SECONDS: "60", FOTA_AGENT_TRIAL_REVERT_AFTER_SECONDS: "1" };
  const daemon = run(limits);
  const jobId = await standIn.createJob("2.0.0", device.thingName);
  await daemon.says(/slot 1 was not confirmed within 1 s: reverting/);
  await daemon.says(/reporting -> idle/);
  expect(await resultOf(jobId)).toMatchObject({ status: "FAILED", reason: "invalid fota" });
  expect(await readBootRecord(device.boot.dir)).toMatchObject({ currentSlot: 0, workingSlot: 0 });
});

test("inside the image: the new image starts the agent, which confirms it", async () => {
  const agent = `FOTA_AGENT_STATE_DIR=$FOTA_DIR FOTA_AGENT_TRIAL_CONFIRM_AFTER_SECONDS=0.3 exec ${process.execPath} ${PROGRAM} run`;
  for (const version of ["3.0.0", "3.1.0"]) await makeImage(version, agent);
  const inside = await standIn.makeDevice("3.0.0");
  const launcher = inside.boot.launch();
  await launcher.says(/connected to/);
  const jobId = await standIn.createJob("3.1.0", inside.thingName);
  await launcher.says(/app 3\.1\.0/);
  await launcher.says(/reporting -> idle/);
  expect(await standIn.executionOf(jobId, inside.thingName)).toMatchObject({ status: "SUCCEEDED" });
  expect(await readBootRecord(inside.boot.dir)).toMatchObject({ currentSlot: 1, workingSlot: 1 });
  await inside.boot.dispose();
});

test("a reader of the output that goes away is no error", async () => {
  const check = startProgram(device, ["check"]);
  check.process.stdout?.destroy();
  expect(await check.ended).toBe(1); // no image runs
  expect(check.output()).toBe("");
});

test("check tells what is wrong and what to do, and exits with 1", async () => {
  const before = JSON.parse((await command("check", "--json")).output);
  expect(v.parse(checkSchema, before).checks).toContainEqual({
    check: "slots",
    status: "fail",
    message: `fota-boot runs no image from ${device.boot.dir}`,
    hint: expect.stringContaining(`start fota-boot --dir ${device.boot.dir}`),
  });
  const launcher = device.boot.launch();
  await launcher.says(/app 1\.0\.0/);
  const { exit, output } = await command("check");
  expect(output).toMatch(/^ok {4}broker +\S+ accepts pump-\w+; 0 pending jobs$/m);
  expect(output).toMatch(/^ok {4}boot loader +slot 0 runs, confirmed$/m);
  expect(exit).toBe(0);
  const daemon = run();
  await daemon.says(/connected to/);
  expect((await command("check")).output).toMatch(/^ok {4}broker +the daemon is connected to/m);
  expect(await command("check")).toMatchObject({ exit: 0 });
});

test("SIGHUP uses a changed configuration; one that is not valid changes nothing", async () => {
  const launcher = device.boot.launch();
  await launcher.says(/app 1\.0\.0/);
  const daemon = run();
  await daemon.says(/connected to/);
  const good = await readFile(device.config, "utf8");
  await writeFile(device.config, good.replace("thingName", "thingNmae"));
  daemon.process.kill("SIGHUP");
  await daemon.says(
    /reload: .*unknown key "thingNmae", did you mean "thingName"\?.*; the configuration stays as it was/,
  );
  await writeFile(device.config, JSON.stringify({ ...JSON.parse(good), model: "pump" }));
  daemon.process.kill("SIGHUP");
  await daemon.says(/reload: using the new configuration/);
  await eventually(async () =>
    expect(await status()).toMatchObject({ model: "pump", daemon: { link: "connected" } }),
  );
});

test("a second daemon, a missing configuration and a wrong key each end with one clear message", async () => {
  const launcher = device.boot.launch();
  await launcher.says(/app 1\.0\.0/);
  const daemon = run();
  await daemon.says(/connected to/);
  const second = run();
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(
    /^error: another fota-agent is using \S+ \(DEVICE_BUSY\)\nhint: stop it first/,
  );
  const missing = await command("run", "--config", "/nowhere/agent.json");
  expect(missing).toEqual({
    exit: 2,
    output:
      "error: there is no configuration at /nowhere/agent.json (CONFIG_INVALID)\nhint: copy the folder that `fota thing create <name> --out <folder>` writes to /etc/fota, or set --config\n",
  });
  const wrongKey = run({ FOTA_AGENT_KEY: join(import.meta.dirname, "fixtures/tls/device-key.pem") });
  expect(await wrongKey.ended).toBe(2);
  expect(wrongKey.output()).toMatch(/^error: the private key \S+ does not belong to the device certificate/);
});

test("check makes nothing: neither the state folder nor a file in the folders that exist", async () => {
  const launcher = device.boot.launch();
  await launcher.says(/app 1\.0\.0/);
  const parent = await mkdtemp(join(tmpdir(), "fota-state-"));
  const stateDir = join(parent, "lib", "fota");
  await expect.poll(() => readdir(device.boot.dir)).toContain("firmware.pid");
  const before = await readdir(device.boot.dir);
  const check = startProgram(device, ["check"], {
    FOTA_AGENT_STATE_DIR: stateDir,
    FOTA_AGENT_SLOTS_DIR: device.boot.dir,
  });
  expect(await check.ended).toBe(0);
  expect(check.output()).toContain(`${stateDir} does not exist yet: \`fota-agent run\` makes it`);
  expect(check.output()).toMatch(/^ok {4}boot loader +slot 0 runs, confirmed$/m);
  expect(await readdir(parent)).toEqual([]);
  expect(await readdir(device.boot.dir)).toEqual(before);
  await rm(parent, { recursive: true });
});

describe.skipIf(!canMount)("with the state on a disk of its own (needs root)", () => {
  let state: string;
  let disk: SmallDisk;
  beforeEach(async () => {
    state = await mkdtemp(join(tmpdir(), "fota-state-"));
    disk = new SmallDisk(state);
  });
  afterEach(async () => {
    disk.unmount();
    await rm(state, { recursive: true });
  });

  test("a full or read-only disk is told by the log and by check, and the update continues when it is over", async () => {
    const launcher = device.boot.launch();
    await launcher.says(/app 1\.0\.0/);
    const { bavail, bsize } = await statfs(state);
    await writeFile(join(state, "logs"), Buffer.alloc(bavail * bsize));
    const settings = { FOTA_AGENT_STATE_DIR: state, FOTA_AGENT_SLOTS_DIR: device.boot.dir };
    const daemon = run(settings);
    await daemon.says(/connected to/);
    const jobId = await standIn.createJob("2.0.0", device.thingName);
    await daemon.says(/error: .*cannot save the state: no space left on the disk \(ENOSPC\)/);
    const check = startProgram(device, ["check"], settings);
    expect(await check.ended).toBe(1);
    expect(check.output()).toMatch(/^FAIL {2}state folder +.*\n +-> free space/m);
    expect((await resultOf(jobId)).status).toBe("QUEUED");
    await rm(join(state, "logs"));
    await daemon.says(/SUCCEEDED/);
    daemon.process.kill("SIGKILL");
    await daemon.ended;
    disk.turnReadOnly();
    const readOnly = startProgram(device, ["check"], settings);
    expect(await readOnly.ended).toBe(1);
    expect(readOnly.output()).toMatch(/^FAIL {2}state folder +.*the file system is read-only \(EROFS\)/m);
  });
});
