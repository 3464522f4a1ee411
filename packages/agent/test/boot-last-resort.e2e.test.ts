import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { initBootRecord, readBootRecord } from "../src/boot/boot-record.js";
import { BootDevice, buildFotaBoot } from "./boot-device.js";

/** A firmware that works until it is stopped. */
const WORKS = "exec sleep 600";

let tools: string;
let fotaBoot: string;
let device: BootDevice;
beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), "fota-last-tools-"));
  fotaBoot = await buildFotaBoot(tools);
});
afterAll(async () => await rm(tools, { recursive: true }));
beforeEach(async () => {
  device = await BootDevice.make(fotaBoot);
});
afterEach(async () => await device.dispose());

/** Ways in which one copy of the record is lost. */
const LOST: [how: string, lose: (path: string) => unknown][] = [
  ["missing", () => {}],
  ["torn", (path) => writeFile(path, "torn")],
  ["given back with EIO", (path) => symlink("/proc/self/mem", path)],
  ["a folder", (path) => mkdir(join(path, "lost+found"), { recursive: true })],
  ["a pipe", (path) => spawnSync("mkfifo", [path])],
];

async function lose(lost: (path: string) => unknown, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = join(device.dir, name);
    await rm(path, { recursive: true, force: true });
    await lost(path);
  }
}

test.each(LOST)("a device whose copy of the record is %s boots by the other one", async (_how, lost) => {
  await initBootRecord(device.dir, 0);
  await device.image(0, WORKS);
  for (const name of ["boot-record-a", "boot-record-b"]) {
    await initBootRecord(device.dir, 0);
    await lose(lost, [name]);
    const launcher = device.launch();
    await launcher.says(/^slot 0 pid \d+ trial 0/);
    launcher.process.kill("SIGTERM");
    expect(await launcher.ended).toBe(143);
  }
});

test.each(LOST)("--install --force works where both copies are %s", async (_how, lost) => {
  const image = join(tools, "image");
  await writeFile(image, "#!/bin/sh\nexit 7\n");
  await lose(lost, ["boot-record-a", "boot-record-b"]);
  await mkdir(join(device.dir, "slot-0", "in the way"), { recursive: true });
  await mkdir(join(device.dir, "slot-0.new", "too"), { recursive: true });
  expect(await device.launch("--install", image, "--force").ended).toBe(0);
  expect(await readBootRecord(device.dir)).toMatchObject({ currentSlot: 0, workingSlot: 0 });
  expect(await device.launch().ended).toBe(7);
});
