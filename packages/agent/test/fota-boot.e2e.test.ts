import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { initBootRecord, readBootRecord } from "../src/boot/boot-record.js";
import { BootDevice, buildFotaBoot, isAlive } from "./boot-device.js";
import { HeldClock } from "./held-clock.js";

const hasBash = spawnSync("bash", ["--version"]).error === undefined;
const hasScript = spawnSync("script", ["--version"]).error === undefined;

/** A firmware that works until it is stopped. */
const WORKS = "exec sleep 600";

let tools: string;
let fotaBoot: string;
let device: BootDevice;
beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), "fota-boot-tools-"));
  fotaBoot = await buildFotaBoot(tools);
});
afterAll(async () => await rm(tools, { recursive: true }));
beforeEach(async () => {
  device = await BootDevice.make(fotaBoot);
});
afterEach(async () => await device.dispose());

const pidOf = (line: string) => Number(/ pid (\d+)/.exec(line)?.[1]);

test("--install puts a first image in slot 0, and refuses to do it again", async () => {
  const image = join(tools, "image");
  await writeFile(image, "#!/bin/sh\nexit 7\n");
  const first = device.launch("--install", image);
  expect(await first.ended).toBe(0);
  expect((await stat(join(device.dir, "slot-0"))).mode & 0o777).toBe(0o755);
  expect((await readdir(device.dir)).sort()).toEqual([
    "boot-record-a",
    "boot-record-b",
    "package.json",
    "slot-0",
  ]);

  const again = device.launch("--install", image);
  expect(await again.ended).toBe(2);
  expect(again.output()).toMatch(/^fota-boot: .* already has a boot record \(USAGE\).*--force.*\n$/);
  expect(await device.launch("--install", image, "--force").ended).toBe(0);
  expect(await device.launch().ended).toBe(7);
});

test("an ES module boots below a package.json of CommonJS, also from a folder of an earlier release", async () => {
  await writeFile(join(device.dir, "package.json"), '{"type":"commonjs"}');
  const dir = join(device.dir, "flash");
  const image = join(tools, "module");
  await writeFile(image, '#!/usr/bin/env node\nimport { exit } from "node:process";\nexit(await 7);\n');
  const launch = (...args: string[]) => spawnSync(process.execPath, [fotaBoot, "--dir", dir, ...args]).status;
  expect(launch("--install", image)).toBe(0);
  await rm(join(dir, "package.json"));
  expect(launch()).toBe(7);
});

test("a firmware that ends by itself is logged, also without an error", async () => {
  await initBootRecord(device.dir, 0);
  await device.image(0, "exit 0");
  const launcher = device.launch();
  expect(await launcher.ended).toBe(0);
  expect(launcher.output()).toMatch(/fota-boot: slot 0 ended \(exit 0\)\n$/);
});

test("--help fits into a terminal of 80 columns", () => {
  const { stdout, status } = spawnSync(process.execPath, [fotaBoot, "--help"], { encoding: "utf8" });
  expect(status).toBe(0);
  expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
});

test("control characters of a name reach no terminal", () => {
  for (const args of [["--\u001b[2J"], ["--dir", join(device.dir, "\u001b[2J\nfota-boot: fine")]]) {
    const { stderr } = spawnSync(process.execPath, [fotaBoot, ...args], { encoding: "utf8" });
    expect(stderr).toMatch(/^fota-boot: .*\n$/);
    expect(stderr).toContain("\\u001b[2J");
  }
});

test.each([
  { args: ["--bogus"], says: /--bogus/ },
  {
    args: ["--confirm-within", "0"],
    says: /--confirm-within must be a number of seconds above 0, at most 2000000, not 0/,
  },
  { args: ["--trial-boots", "1.5"], says: /--trial-boots must be a whole number above 0, not 1.5/ },
  { args: ["stray"], says: /unexpected argument stray/ },
  { args: ["--", "sh", "image"], says: /must contain \{image\}/ },
])("$args is a usage error in one line", async ({ args, says }) => {
  const launcher = device.launch(...args);
  expect(await launcher.ended).toBe(2);
  expect(launcher.output()).toMatch(says);
  expect(launcher.output().trim().split("\n")).toHaveLength(1);
});

test.each([
  ["--dir", ["--dir", "elsewhere"], "--dir is given twice"],
  ["a number", ["--stop-grace", "1", "--stop-grace=2"], "--stop-grace is given twice"],
  ["a switch", ["--force", "--force"], "--force is given twice"],
])("an option that is given twice is refused: %s", async (_what, args, says) => {
  const launcher = device.launch(...args);
  expect(await launcher.ended).toBe(2);
  expect(launcher.output()).toBe(`fota-boot: ${says}; see fota-boot --help\n`);
});

describe.runIf(process.platform === "linux")("an invalid path is one line and exit code 1", () => {
  const ENTRIES: readonly (readonly [string, (path: string) => unknown, RegExp])[] = [
    ["a file", (path) => writeFile(path, ""), /is a file, not a folder/],
    ["a FIFO", (path) => execFileSync("mkfifo", [path]), /is a FIFO, not a folder/],
    ["a link to itself", (path) => symlink(path, path), /the link leads back to itself \(ELOOP\)/],
    ["a device", (path) => symlink("/dev/full", path), /is a character device, not a folder/],
    ["a name below a file", (path) => symlink("/dev/null/x", path), /not a folder \(ENOTDIR\)/],
    ["a name in /proc", (path) => symlink("/proc/nope", path), /no boot record|no such file/],
  ];
  const VERBS: readonly (readonly string[])[] = [[], ["--install", process.execPath]];
  const cases = ENTRIES.flatMap(([what, put, says]) => VERBS.map((args) => ({ what, put, says, args })));

  test.each(cases)("$what as the folder, $args", async ({ put, says, args }) => {
    const path = join(device.dir, "entry");
    await put(path);
    const { status, stderr } = spawnSync(process.execPath, [fotaBoot, "--dir", path, ...args], {
      encoding: "utf8",
      timeout: 120_000,
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/^fota-boot: [^\n]*\n$/);
  });

  test.each([
    ["a folder", (path: string) => mkdir(path), /slot 0 in \S+ is a folder, not an image/],
    ["a FIFO", (path: string) => execFileSync("mkfifo", [path]), /slot 0 in \S+ is a FIFO, not an image/],
    ["a link to itself", (path: string) => symlink(path, path), /slot 0 in \S+ cannot be read \(ELOOP\)/],
    ["a device", (path: string) => symlink("/dev/zero", path), /slot 0 in \S+ is a character device/],
  ])("%s as the slot", async (_what, put, says) => {
    await initBootRecord(device.dir, 0);
    await put(join(device.dir, "slot-0"));
    const launcher = device.launch();
    expect(await launcher.ended).toBe(1);
    expect(launcher.output()).toMatch(says);
    expect(launcher.output()).toMatch(/^fota-boot: [^\n]*--install IMAGE --force\n$/);
  });
});

test("a FIFO in place of firmware.pid does not block the launcher", async () => {
  await device.scheduleTrial();
  await device.image(0, WORKS);
  await device.image(1, WORKS);
  execFileSync("mkfifo", [join(device.dir, "firmware.pid")]);
  const launcher = device.launch("--confirm-within", "0.5", "--stop-grace", "0.5");
  await launcher.says(/^slot 0 pid \d+ trial 0/);
});

describe("--install where slot 0 is a link", () => {
  let elsewhere: string;
  beforeEach(async () => {
    elsewhere = await mkdtemp(join(tools, "disk-"));
    await writeFile(join(tools, "image"), "#!/bin/sh\nexit 7\n");
  });
  const install = () => device.launch("--install", join(tools, "image"));

  test.each(["a file", "nothing yet"])("to %s on another disk: the image goes there", async (what) => {
    if (what === "a file") await writeFile(join(elsewhere, "image"), "old");
    await symlink(join(elsewhere, "image"), join(device.dir, "slot-0"));
    expect(await install().ended).toBe(0);
    expect((await lstat(join(device.dir, "slot-0"))).isSymbolicLink()).toBe(true);
    expect(await readFile(join(elsewhere, "image"), "utf8")).toContain("exit 7");
    expect(await device.launch().ended).toBe(7);
  });

  test.each(["/dev/fota-no-such-device", "/fota-no-such-disk/image"])(
    "to %s, which does not exist, is refused",
    async (target) => {
      await symlink(target, join(device.dir, "slot-0"));
      const launcher = install();
      expect(await launcher.ended).toBe(1);
      expect(launcher.output()).toMatch(
        /slot-0 is a link to \S+, which does not exist \(SLOT_ACCESS\); attach the device/,
      );
      expect((await lstat(join(device.dir, "slot-0"))).isSymbolicLink()).toBe(true);
    },
  );
});

test.runIf(hasBash)("nohup fota-boot goes on when its terminal is closed", async () => {
  await device.image(0, WORKS);
  await initBootRecord(device.dir, 0);
  const shell = spawn("bash", [
    "-c",
    'nohup "$0" "$@" & echo $!; wait',
    process.execPath,
    fotaBoot,
    "--dir",
    device.dir,
  ]);
  shell.stdin.end();
  const lines = createInterface({ input: shell.stdout })[Symbol.asyncIterator]();
  const launcher = Number((await lines.next()).value);
  try {
    const firmware = pidOf((await lines.next()).value ?? "");
    process.kill(launcher, "SIGHUP");
    process.kill(launcher, "SIGHUP");
    await sleep(500); // a stop would have been passed on
    expect([await isAlive(launcher), await isAlive(firmware)]).toEqual([true, true]);
  } finally {
    process.kill(launcher, "SIGTERM");
    await once(shell, "close");
  }
});

test("a folder without a record is refused with what to do", async () => {
  const launcher = device.launch();
  expect(await launcher.ended).toBe(1);
  expect(launcher.output()).toMatch(/BOOT_RECORD_INVALID.*--install IMAGE/);
});

test.each([
  { how: "exits 0", script: "exit 0", code: 0 },
  { how: "exits 3", script: "exit 3", code: 3 },
  { how: "is killed", script: "kill -KILL $$", code: 137 },
])("a confirmed firmware that $how ends the launcher with $code", async ({ script, code }) => {
  await initBootRecord(device.dir, 0);
  await device.image(0, script);
  expect(await device.launch().ended).toBe(code);
});

test("a command runs the image where one is given", async () => {
  await initBootRecord(device.dir, 0);
  await writeFile(join(device.dir, "slot-0"), 'echo "argument $1"; exit 4');
  const launcher = device.launch("--", "sh", "{image}", "one");
  expect(await launcher.ended).toBe(4);
  expect(launcher.output()).toMatch(/argument one/);
});

test("a reset boots the scheduled slot on trial at once, and a confirmed trial stays", async () => {
  await device.scheduleTrial();
  await device.image(1, `${await device.confirming(1)}; exit 85`);
  const launcher = device.launch();
  await launcher.says(/^slot 1 pid \d+ trial 1/);
  await launcher.says(/^slot 1 pid \d+ trial 0/); // confirmed, then reset
  launcher.process.kill("SIGKILL");
  expect(await readBootRecord(device.dir)).toEqual({ currentSlot: 1, workingSlot: 1, trialBoots: 0 });
});

test.each([
  {
    how: "exits with an error",
    script: "exit 1",
    says: "slot 1 failed on trial (exit 1); reverting to slot 0",
  },
  {
    how: "exits without one",
    script: "exit 0",
    says: "slot 1 failed on trial (exit 0); reverting to slot 0",
  },
  {
    how: "is killed",
    script: "kill -SEGV $$",
    says: "slot 1 failed on trial (SIGSEGV); reverting to slot 0",
  },
  {
    how: "resets unconfirmed",
    script: "exit 85",
    says: "slot 1 reset before it was confirmed; reverting to slot 0",
  },
  { how: "hangs", script: WORKS, says: "slot 1 was not confirmed within 0.2 s; reverting to slot 0" },
  {
    how: "hangs and ignores SIGTERM",
    script: "trap '' TERM; while :; do sleep 600; done",
    says: "slot 1 was not confirmed within 0.2 s; reverting to slot 0",
  },
])("a trial that $how is reverted", async ({ script, says }) => {
  await device.scheduleTrial();
  await device.image(0, WORKS);
  await device.image(1, script);
  const launcher = device.launch("--confirm-within", "0.2", "--stop-grace", "0.2");
  await launcher.says(/^slot 0 pid \d+ trial 0/);
  expect(launcher.output()).toContain(`fota-boot: slot 1 on trial\n`);
  expect(launcher.output()).toContain(`fota-boot: ${says}\n`);
  const [failure] = says.split("; ");
  const record = { currentSlot: 0, workingSlot: 0, trialBoots: 0, failure };
  expect(await readBootRecord(device.dir)).toEqual(record);
});

test("a trial that cannot be executed is reverted", async () => {
  await device.scheduleTrial();
  await device.image(0, WORKS);
  await writeFile(join(device.dir, "slot-1"), "#!/no/such/interpreter\n", { mode: 0o755 });
  const launcher = device.launch();
  await launcher.says(/^slot 0 pid/);
  expect(launcher.output()).toMatch(/slot 1 failed on trial \(not started: .*ENOENT\); reverting to slot 0/);
});

test("an empty slot is not tried", async () => {
  await device.scheduleTrial();
  await device.image(0, WORKS);
  await writeFile(join(device.dir, "slot-1"), "");
  const launcher = device.launch();
  await launcher.says(/^slot 0 pid/);
  expect(launcher.output()).toContain("fota-boot: slot 1 is empty; reverting to slot 0\n");
});

test("a trial confirmed in time is left alone when the deadline passes", async () => {
  const clock = await HeldClock.make(tools);
  await device.scheduleTrial();
  const untilAllowed = 'until [ -e "$FOTA_DIR/go" ]; do sleep 0.01; done';
  await device.image(
    1,
    `${await device.confirming(1)}; echo confirmed; ${untilAllowed}; sleep 0.2; echo still here; exit 0`,
  );
  const launcher = device.launchWith(clock.env, "--confirm-within", "1");
  await launcher.says(/^confirmed$/);
  await clock.end(launcher, 1);
  await writeFile(join(device.dir, "go"), "");
  expect(await launcher.ended).toBe(0);
  expect(launcher.output()).toContain("still here");
  expect(launcher.output().match(/^slot 1 pid/gm)).toHaveLength(1); // the same boot, not the next one
});

test("all that a firmware started ends with it", async () => {
  await initBootRecord(device.dir, 0);
  await device.image(0, 'sleep 600 & echo "child $!"; exit 0');
  const launcher = device.launch();
  const child = Number(/child (\d+)/.exec(await launcher.says(/child/))?.[1]);
  expect(await launcher.ended).toBe(0);
  expect(await isAlive(child)).toBe(false);
});

test.each([
  ["SIGTERM", "SIGTERM"],
  ["SIGINT", "SIGINT"],
  ["SIGHUP", "SIGTERM"],
  ["SIGQUIT", "SIGTERM"],
  ["SIGPWR", "SIGTERM"],
  ["SIGUSR2", "SIGTERM"],
  ["SIGALRM", "SIGTERM"],
] as const)("%s is passed on as %s, and the exit code is the firmware's", async (signal, passedOn) => {
  await initBootRecord(device.dir, 0);
  await device.image(0, `trap 'exit 9' ${passedOn.slice(3)}; echo ready; while :; do sleep 0.01; done`);
  const launcher = device.launch();
  await launcher.says(/ready/);
  launcher.process.kill(signal);
  expect(await launcher.ended).toBe(9);
});

test.skipIf(!hasScript)(
  "the terminal closes (needs script(1)): launcher and firmware both end, and nothing is left",
  async () => {
    await initBootRecord(device.dir, 0);
    await device.image(0, 'echo $$ > "$FOTA_DIR/pid"; exec sleep 600');
    // script(1) is the terminal; when it is killed, the kernel sends SIGHUP to what runs on it.
    const command = `${process.execPath} ${fotaBoot} --dir ${device.dir} --stop-grace 1`;
    const terminal = spawn("script", ["-qc", command, "/dev/null"], { stdio: ["pipe", "ignore", "ignore"] });
    const firmware = await fileWithNumber(join(device.dir, "pid"));
    const launcher = await parentOf(firmware);
    terminal.kill("SIGKILL");
    while ((await isAlive(launcher)) || (await isAlive(firmware))) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  },
);

test("a stop does not end a trial, but the next start reverts it", async () => {
  await device.scheduleTrial();
  await device.image(0, WORKS);
  await device.image(1, WORKS);
  const launcher = device.launch();
  await launcher.says(/^slot 1 pid/);
  launcher.process.kill("SIGTERM");
  expect(await launcher.ended).toBe(143);
  expect(launcher.output()).not.toMatch(/back to/);
  const next = device.launch();
  await next.says(/^slot 0 pid/);
  expect(next.output()).toContain("fota-boot: slot 1 was not confirmed; reverting to slot 0\n");
});

test.runIf(process.geteuid?.() === 0)(
  "another user's files with names of locks do not keep the firmware from booting",
  async () => {
    await chmod(device.dir, 0o1777);
    await device.image(0, WORKS);
    await initBootRecord(device.dir, 0);
    const take = `const { createServer } = require("node:net"), { mkdirSync } = require("node:fs");
      const [dir] = process.argv.slice(1);
      const paths = ["fota-boot", "agent"].flatMap((purpose) =>
        ["0", "7", "f"].map((digit) => dir + "/.lock-" + purpose + "-" + digit.repeat(16) + ".lock"));
      mkdirSync(dir + "/.lock-fota-boot-" + "1".repeat(16) + ".lock");
      let open = 0;
      for (const path of [...paths, "\\0fota-boot", "\\0" + dir])
        createServer((socket) => socket.write("held\\n")).listen(path, () => { if (++open === 8) console.log("ready"); });`;
    const stranger = spawn(process.execPath, ["-e", take, device.dir], { uid: 65_534, gid: 65_534, env: {} });
    try {
      await once(stranger.stdout, "data");
      await device.launch().says(/^slot 0 pid \d+ trial 0/);
    } finally {
      stranger.kill("SIGKILL");
    }
  },
);

test("a second launcher on the folder is refused", async () => {
  await initBootRecord(device.dir, 0);
  await device.image(0, WORKS);
  await device.launch().says(/^slot 0 pid/);
  const second = device.launch();
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(/another fota-boot is using .* \(DEVICE_BUSY\)/);
});

test("after a launcher was killed during a trial, the next one kills the orphan and reverts", async () => {
  await device.scheduleTrial();
  await device.image(0, WORKS);
  await device.image(1, WORKS);
  const launcher = device.launch();
  const orphan = pidOf(await launcher.says(/^slot 1 pid/));
  await noted(orphan);
  launcher.process.kill("SIGKILL");
  expect(
    await new Promise((resolve) => launcher.process.once("exit", (_code, signal) => resolve(signal))),
  ).toBe("SIGKILL");
  expect(await isAlive(orphan)).toBe(true);

  const next = device.launch();
  await next.says(/^slot 0 pid/);
  expect(next.output()).toContain(`fota-boot: killed the firmware of an earlier fota-boot (pid ${orphan})\n`);
  expect(await isAlive(orphan)).toBe(false);
});

test("a launcher killed at any moment leaves a folder that boots", async () => {
  await device.image(0, WORKS);
  await device.image(1, "exit 1");
  for (let afterMs = 0; afterMs <= 120; afterMs += 12) {
    await device.scheduleTrial();
    const launcher = device.launch();
    setTimeout(() => launcher.process.kill("SIGKILL"), 30 + afterMs); // node takes about 40 ms to start
    await new Promise((resolve) => launcher.process.once("exit", resolve));
    const next = device.launch();
    await next.says(/^slot 0 pid \d+ trial 0/);
    next.process.kill("SIGTERM");
    expect(await next.ended).toBe(143);
    const settled = { currentSlot: 0, workingSlot: 0, trialBoots: 0 };
    expect(await readBootRecord(device.dir)).toMatchObject(settled);
  }
});

async function fileWithNumber(path: string): Promise<number> {
  for (;;) {
    const text = await readFile(path, "utf8").catch(() => "");
    if (text.endsWith("\n")) return Number(text);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function parentOf(pid: number): Promise<number> {
  return Number(/\) \S (\d+) /.exec(await readFile(`/proc/${pid}/stat`, "utf8"))?.[1]);
}

/** Resolves when the launcher has noted which firmware it runs. */
async function noted(pid: number): Promise<void> {
  for (;;) {
    const note = await readFile(join(device.dir, "firmware.pid"), "utf8").catch(() => "");
    if (note.startsWith(`${pid} `)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
