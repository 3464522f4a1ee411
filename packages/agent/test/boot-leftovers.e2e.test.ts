import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { readFolderId } from "../src/boot/boot-id.js";
import { readBootRecord } from "../src/boot/boot-record.js";
import { findGroups, makeFirmwareGroup, removeGroup } from "../src/boot/control-group.js";
import { BootDevice, buildFotaBoot, isAlive, type Launcher } from "./boot-device.js";
import { HeldClock } from "./held-clock.js";

/** A firmware that works until it is stopped. */
const WORKS = "exec sleep 600";

/** Starts `daemon` in the background of an image, and waits until it has printed its process id. */
const inBackground = (daemon: string) => `${daemon} & while [ ! -s "$FOTA_DIR/daemon" ]; do sleep 0.01; done`;
const SAYS_PID = 'echo $$ > "$FOTA_DIR/daemon"';

let tools: string;
let fotaBoot: string;
let device: BootDevice;
let hasGroups = false;
beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), "fota-left-tools-"));
  fotaBoot = await buildFotaBoot(tools);
  const group = makeFirmwareGroup("a-test-whether-groups-can-be-made");
  hasGroups = group !== undefined;
  if (group !== undefined) await removeGroup(group);
});
afterAll(async () => await rm(tools, { recursive: true }));
beforeEach(async () => {
  device = await BootDevice.make(fotaBoot);
  await device.scheduleTrial();
  await device.image(0, WORKS);
});
afterEach(async () => await device.dispose());

const daemonPid = async () => Number(await readFile(join(device.dir, "daemon"), "utf8"));

const DAEMONS = {
  "called setsid": `setsid sh -c '${SAYS_PID}; ${WORKS}'`,
  "forked twice and closed everything": `(setsid sh -c "sh -c '${SAYS_PID.replace(/[$"]/g, "\\$&")}; ${WORKS}' >&- 2>&- <&- &" &)`,
  "ignores SIGTERM": `setsid sh -c 'trap "" TERM; ${SAYS_PID}; while :; do sleep 600; done'`,
};

test.each(Object.entries(DAEMONS))(
  "a daemon of a dead trial that %s is gone before the next slot boots",
  async (_, daemon) => {
    await device.image(1, `${inBackground(daemon)}; exit 1`);
    const launcher = device.launch();
    await launcher.says(/^slot 0 pid/);
    const pid = await daemonPid();
    expect(await isAlive(pid)).toBe(false);
    expect(launcher.output()).toMatch(
      new RegExp(`killed what slot 1 left running \\(pid ([\\d, ]*\\b)?${pid}\\b`),
    );
  },
);

test("a daemon that hides its session and its environment is found by its control group", async (context) => {
  if (!hasGroups) return context.skip("needs a cgroup v2 that this user may write");
  const daemon = `env -i FOTA_DIR="$FOTA_DIR" setsid env -u FOTA_DIR sh -c 'echo $$ > ${device.dir}/daemon; ${WORKS}'`;
  await device.image(1, `${inBackground(daemon)}; exit 1`);
  await device.launch().says(/^slot 0 pid/);
  expect(await isAlive(await daemonPid())).toBe(false);
});

test("a daemon of a trial that hung is gone as well", async () => {
  const clock = await HeldClock.make(tools);
  await device.image(1, `${inBackground(DAEMONS["called setsid"])}; echo ready; ${WORKS}`);
  const launcher = device.launchWith(clock.env, "--confirm-within", "0.5", "--stop-grace", "0.01");
  await launcher.says(/^ready$/);
  await clock.end(launcher, 0.5);
  await launcher.says(/^slot 0 pid/);
  expect(await isAlive(await daemonPid())).toBe(false);
});

test("a process that a failed trial left running cannot confirm it", async () => {
  await device.image(0, `: > "$FOTA_DIR/next"; ${WORKS}`);
  const whenNextBoots = 'until [ -e "$FOTA_DIR/next" ]; do sleep 0.01; done';
  const late = `setsid sh -c '${SAYS_PID}; ${whenNextBoots}; . "$FOTA_DIR/confirm"; echo confirmed'`;
  await device.image(
    1,
    `cat > "$FOTA_DIR/confirm" <<'END'\n${await device.confirming(1)}\nEND\n${inBackground(late)}; exit 1`,
  );
  const launcher = device.launch();
  await launcher.says(/^slot 0 pid/);
  await new Promise((resolve) => setTimeout(resolve, 300)); // longer than it would take
  expect(launcher.output()).not.toMatch(/confirmed$/m);
  expect(await readBootRecord(device.dir)).toMatchObject({ currentSlot: 0, workingSlot: 0, trialBoots: 0 });
});

test("a launcher killed with -9: the next one ends the daemons too, before it boots", async () => {
  await device.image(1, `${inBackground(DAEMONS["called setsid"])}; ${WORKS}`);
  const launcher = device.launch();
  await launcher.says(/^slot 1 pid/);
  await hasDaemon();
  const pid = await daemonPid();
  launcher.process.kill("SIGKILL");
  await new Promise((resolve) => launcher.process.once("exit", resolve));
  expect(await isAlive(pid)).toBe(true);
  const next = device.launch();
  await next.says(/^slot 0 pid/);
  expect(await isAlive(pid)).toBe(false);
});

test("a stop leaves no daemon, and no control group", async () => {
  await device.image(1, `${inBackground(DAEMONS["called setsid"])}; ${WORKS}`);
  const launcher = device.launch();
  await launcher.says(/^slot 1 pid/);
  await hasDaemon();
  const group = groupOf(await daemonPid());
  expect(/fota-boot-[0-9a-f]{12}$/.test(group)).toBe(hasGroups);
  launcher.process.kill("SIGTERM");
  expect(await launcher.ended).toBe(143);
  expect(await isAlive(await daemonPid())).toBe(false);
  expect(await findGroups(await readFolderId(device.dir))).toEqual([]);
});

test("each boot has an id of its own, which the record of a trial names", async () => {
  await device.image(1, 'echo "boot $FOTA_BOOT_ID"; sleep 0.2; exit 1');
  const launcher: Launcher = device.launch();
  const [, first] = /^boot (.+)/.exec(await launcher.says(/^boot /)) ?? [];
  expect((await readBootRecord(device.dir))?.bootId).toBe(first);
  await device.image(0, 'echo "then $FOTA_BOOT_ID"; exec sleep 600');
  const [, second] = /^then (.+)/.exec(await launcher.says(/^then /)) ?? [];
  expect(second).not.toBe(first);
  expect((await readBootRecord(device.dir))?.bootId).toBeUndefined();
});

async function hasDaemon(): Promise<void> {
  while (!((await readFile(join(device.dir, "daemon"), "utf8").catch(() => "")) !== "")) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function groupOf(pid: number): string {
  return /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1] ?? "";
}
