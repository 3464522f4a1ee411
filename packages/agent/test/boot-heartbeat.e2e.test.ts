import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { initBootRecord } from "../src/boot/boot-record.js";
import { BootDevice, buildFotaBoot, type Launcher } from "./boot-device.js";
import { HeldClock } from "./held-clock.js";

const WORKS = "exec sleep 600";
/** Sends a heartbeat each time that the file `beat` appears. */
const BEATS_ON_DEMAND = `n=0
while :; do
  if [ -e "$FOTA_DIR/beat" ]; then
    rm "$FOTA_DIR/beat"; echo . >&"$FOTA_HEARTBEAT_FD"; n=$((n + 1)); echo "beat $n"
  fi
  sleep 0.01
done`;

let tools: string;
let fotaBoot: string;
let device: BootDevice;
beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), "fota-heartbeat-tools-"));
  fotaBoot = await buildFotaBoot(tools);
});
afterAll(async () => await rm(tools, { recursive: true }));
beforeEach(async () => {
  device = await BootDevice.make(fotaBoot);
});
afterEach(async () => await device.dispose());

/** Has the firmware send its heartbeat with this number, from 1 on. */
async function beat(launcher: Launcher, number: number): Promise<void> {
  await writeFile(join(device.dir, "beat"), "");
  await launcher.says(new RegExp(`^beat ${number}$`));
}

test("a trial without a heartbeat is reverted before its time limit", async () => {
  await device.scheduleTrial();
  await device.image(0, WORKS);
  await device.image(1, WORKS);
  const launcher = device.launch("--heartbeat", "0.2");
  await launcher.says(/slot 1 sent no heartbeat for 0\.2 s; reverting to slot 0/);
  await launcher.says(/^slot 0 pid \d+ trial 0/);
});

test("a trial that beats has the whole time to confirm itself, and no more", async () => {
  const clock = await HeldClock.make(tools);
  await device.scheduleTrial();
  await device.image(0, WORKS);
  await device.image(1, BEATS_ON_DEMAND);
  const limits = ["--heartbeat", "1", "--confirm-within", "1.5", "--stop-grace", "0.01"];
  const launcher = device.launchWith(clock.env, ...limits);
  await clock.begun(launcher, 1);
  await beat(launcher, 1);
  await clock.pass(0.9);
  await beat(launcher, 2);
  await clock.pass(0.6);
  await launcher.says(/slot 1 was not confirmed within 1\.5 s; reverting to slot 0/);
});

test("a confirmed firmware that knows nothing of heartbeats is left alone", async () => {
  await initBootRecord(device.dir, 0);
  await device.image(0, "sleep 0.4; exit 3");
  expect(await device.launch("--heartbeat", "0.1").ended).toBe(3);
});

test("a trial that confirms itself before its first beat is due is left alone", async () => {
  const clock = await HeldClock.make(tools);
  await device.scheduleTrial();
  const untilAllowed = 'until [ -e "$FOTA_DIR/go" ]; do sleep 0.01; done';
  await device.image(1, `${await device.confirming(1)}; echo confirmed; ${untilAllowed}; sleep 0.2; exit 3`);
  const launcher = device.launchWith(clock.env, "--heartbeat", "0.5");
  await launcher.says(/^confirmed$/);
  await clock.end(launcher, 0.5);
  await writeFile(join(device.dir, "go"), "");
  expect(await launcher.ended).toBe(3);
});

test("a heartbeat counts that came in time, also when the launcher itself was stopped meanwhile", async () => {
  const clock = await HeldClock.make(tools);
  await device.scheduleTrial();
  await device.image(1, BEATS_ON_DEMAND);
  const limits = ["--heartbeat", "1", "--confirm-within", "600", "--stop-grace", "0.01"];
  const launcher = device.launchWith(clock.env, ...limits);
  await clock.begun(launcher, 1);
  const heartbeatsSeen = () => launcher.output().match(/^held clock: 1000 ms anew$/gm)?.length ?? 0;
  await beat(launcher, 1);
  await expect.poll(heartbeatsSeen).toBe(1);
  launcher.process.kill("SIGSTOP");
  await beat(launcher, 2);
  await clock.pass(1);
  launcher.process.kill("SIGCONT");
  await expect.poll(heartbeatsSeen).toBe(2);
  await beat(launcher, 3); // it still runs
});

test("a confirmed firmware whose heartbeat stops is booted again", async () => {
  await initBootRecord(device.dir, 0);
  await device.image(0, `echo . >&"$FOTA_HEARTBEAT_FD"; ${WORKS}`);
  const launcher = device.launch("--heartbeat", "0.2");
  await launcher.said(5);
  const lines = launcher
    .output()
    .replace(/\d{2,}/g, "#")
    .split("\n");
  expect(lines.slice(0, 5)).toEqual([
    "fota-boot: slot 0",
    "slot 0 pid # trial 0",
    "fota-boot: slot 0 sent no heartbeat for 0.2 s",
    "fota-boot: slot 0",
    "slot 0 pid # trial 0",
  ]);
});

test("heartbeat() of the agent beats until the event loop hangs", async () => {
  const firmware = join(tools, "firmware");
  await build({
    stdin: {
      contents: `import { heartbeat } from "../src/node/heartbeat.js";
        console.log("slot " + process.env.FOTA_SLOT + " pid " + process.pid + " trial 0");
        heartbeat();
        const hang = () => { for (const end = performance.now() + 15_000; performance.now() < end;); };
        setTimeout(() => { console.log("hangs"); hang(); }, 1_200);`,
      resolveDir: import.meta.dirname,
    },
    outfile: firmware,
    bundle: true,
    platform: "node",
    conditions: ["@fota/source", "module"],
    banner: { js: "#!/usr/bin/env node" },
  });
  expect(await device.launch("--install", firmware).ended).toBe(0);
  const launcher = device.launch("--heartbeat", "1", "--stop-grace", "0.1");
  await launcher.says(/^hangs/); // later than a firmware without a beat would live
  await launcher.says(/slot 0 sent no heartbeat for 1 s/);
});

test("a launcher that expects no heartbeat does not ask for one", async () => {
  await initBootRecord(device.dir, 0);
  await device.image(0, '[ -z "$FOTA_HEARTBEAT_FD$FOTA_HEARTBEAT_MS" ] && exit 4');
  expect(await device.launch().ended).toBe(4);
});

test("firmware that resets again and again is booted more and more slowly, and a stop ends the wait", async () => {
  const clock = await HeldClock.make(tools);
  await initBootRecord(device.dir, 0);
  await device.image(0, "exit 85");
  const launcher = device.launchWith(clock.env);
  await launcher.says(/4 boots in a row lasted less than 10 s; next boot in 1 s/);
  await clock.end(launcher, 1);
  await launcher.says(/5 boots in a row lasted less than 10 s; next boot in 2 s/);
  launcher.process.kill("SIGTERM");
  expect(await launcher.ended).toBe(143);
  expect(launcher.output().match(/^slot 0 pid/gm)).toHaveLength(5);
});
