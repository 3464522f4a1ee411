import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { initBootRecord, readBootRecord, writeBootRecord } from "../src/boot/boot-record.js";
import { BootDevice, buildFotaBoot } from "./boot-device.js";
import { canMount, SmallDisk } from "./small-disk.js";

const WORKS = "exec sleep 600";

/** Each look at the time of day but the first is a year before it. */
const CLOCK = `const { now } = Date;
let looks = 0;
Date.now = () => now() - (looks++ > 0 ? 365 * 86_400_000 : 0);
globalThis.Date = new Proxy(Date, { construct: (Real, args) => new Real(...(args.length ? args : [Date.now()])) });`;

let tools: string;
let fotaBoot: string;
let clockJumps: Record<string, string>;
beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), "fota-hardship-"));
  fotaBoot = await buildFotaBoot(tools);
  const clock = join(tools, "clock.cjs");
  await writeFile(clock, CLOCK);
  clockJumps = { NODE_OPTIONS: `--require ${clock}` };
});
afterAll(async () => await rm(tools, { recursive: true }));

describe.skipIf(!canMount)("on a disk that has turned read-only (needs root)", () => {
  let device: BootDevice;
  let disk: SmallDisk;
  beforeEach(async () => {
    device = await BootDevice.make(fotaBoot);
    disk = new SmallDisk(device.dir);
    await device.image(0, WORKS);
    await device.image(1, "exit 1");
  });
  afterEach(async () => {
    disk.unmount();
    await device.dispose();
  });

  test("a confirmed firmware runs, is stopped, and its exit code is passed on", async () => {
    await initBootRecord(device.dir, 0);
    disk.turnReadOnly();
    const launcher = device.launch();
    await launcher.says(/^slot 0 pid/);
    launcher.process.kill("SIGTERM");
    expect(await launcher.ended).toBe(143);
  });

  test("a trial whose boot cannot be counted is not tried: the working slot boots", async () => {
    await device.scheduleTrial();
    disk.turnReadOnly();
    const launcher = device.launch();
    await launcher.says(/^slot 0 pid \d+ trial 0/);
    expect(launcher.output()).toMatch(/cannot write the boot record: the file system is read-only/);
    expect(launcher.output()).toMatch(
      /slot 1 cannot boot on trial, because the boot record cannot be written; reverting to slot 0/,
    );
    expect(launcher.output()).not.toMatch(/^slot 1 pid/m);
  });

  test("a trial that had its boot does not boot again, even if the record cannot be written", async () => {
    await writeBootRecord(device.dir, { currentSlot: 1, workingSlot: 0, trialBoots: 1 });
    disk.turnReadOnly();
    const launcher = device.launch();
    await launcher.says(/^slot 0 pid \d+ trial 0/);
    expect(launcher.output()).toMatch(/slot 1 was not confirmed; reverting to slot 0/);
  });
});

test("the time of day jumping back a year changes nothing: the trial is scheduled, booted, confirmed", async () => {
  const firmware = join(tools, "firmware");
  await build({
    entryPoints: [join(import.meta.dirname, "slot-firmware.ts")],
    outfile: firmware,
    bundle: true,
    platform: "node",
    conditions: ["@fota/source", "module"],
    banner: { js: "#!/usr/bin/env node" },
    logLevel: "warning",
  });
  const device = await BootDevice.make(fotaBoot, clockJumps);
  expect(await device.launch("--install", firmware).ended).toBe(0);
  const launcher = device.launch("--confirm-within", "30", "--heartbeat", "30");
  await launcher.says(/^done$/);
  expect(await readBootRecord(device.dir)).toMatchObject({ currentSlot: 1, workingSlot: 1, trialBoots: 0 });
  await device.dispose();
});

test("a trial that hangs is reverted in time even if the clock jumps back", async () => {
  const device = await BootDevice.make(fotaBoot, clockJumps);
  await device.scheduleTrial();
  await device.image(0, WORKS);
  await device.image(1, WORKS);
  await device
    .launch("--confirm-within", "0.2")
    .says(/slot 1 was not confirmed within 0\.2 s; reverting to slot 0/);
  await device.dispose();
});
