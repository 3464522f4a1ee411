import { spawnSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { initBootRecord } from "../src/boot/boot-record.js";
import { BootDevice, buildFotaBoot } from "./boot-device.js";

const hasSystemd = spawnSync("systemd-analyze", ["--version"]).error === undefined;

let tools: string;
let fotaBoot: string;
let unit: string;
beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), "fota-systemd-"));
  fotaBoot = await buildFotaBoot(tools);
  await chmod(fotaBoot, 0o755);
  unit = await readFile(new URL("../systemd/fota-boot.service", import.meta.url), "utf8");
});
afterAll(async () => await rm(tools, { recursive: true }));

const setting = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1] ?? "";

/** A device whose launcher is started as the unit does it. */
async function withUnit(script: string, use: (device: BootDevice, args: string[]) => Promise<void>) {
  const device = await BootDevice.make(fotaBoot);
  await initBootRecord(device.dir, 0);
  await device.image(0, script);
  const [, , , ...args] = setting("ExecStart").split(" "); // without the program and --dir
  await use(device, args);
  await device.dispose();
}

test.skipIf(!hasSystemd)("systemd-analyze finds nothing wrong with fota-boot.service", async () => {
  const path = join(tools, "fota.service");
  await writeFile(path, unit.replace("ExecStart=fota-boot", `ExecStart=${fotaBoot}`));
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", path], { encoding: "utf8" });
  // It complains about units of the machine as well.
  expect(stderr.split("\n").filter((line) => line.includes("fota"))).toEqual([]);
  expect(status).toBe(0);
});

test("a stop ends the firmware and is a success for systemd, within its time", async () => {
  await withUnit("exec sleep 600", async (device, args) => {
    const launcher = device.launch(...args);
    await launcher.says(/^slot 0 pid/);
    launcher.process.kill("SIGTERM");
    expect(setting("SuccessExitStatus").split(" ")).toContain(String(await launcher.ended));
    const graceSeconds = Number(args[args.indexOf("--stop-grace") + 1]);
    expect(Number(setting("TimeoutStopSec"))).toBeGreaterThan(graceSeconds);
  });
});

test.each([
  ["fails", "exit 3", 3],
  ["crashes", "kill -SEGV $$", 139],
])("a firmware that %s is a failure for systemd, which starts it again", async (_how, script, code) => {
  await withUnit(script, async (device, args) => {
    expect(await device.launch(...args).ended).toBe(code);
    expect(setting("SuccessExitStatus").split(" ")).not.toContain(String(code));
    expect(setting("Restart")).toBe("on-failure");
  });
});
