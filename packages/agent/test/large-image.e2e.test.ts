import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { readBootRecord } from "../src/boot/boot-record.js";
import { cutPower, firmwareOf, type Launcher } from "./boot-device.js";
import { StandIn, type StandInDevice } from "./stand-in.js";

/** So much is read back by a thread, behind the writes. */
const SIZE_BYTES = 18 * 1024 * 1024;
const DAMAGED_BYTE = 5_000_000;

/** A disk on which one byte of slot 1 is never what was written. */
const BAD_DISK = `const { writeSync } = require("node:fs");
const files = require("node:fs/promises");
const { open } = files;
files.open = async (path, flags, ...rest) => {
  const file = await open(path, flags, ...rest);
  if (flags !== "r+" || !path.endsWith("/slot-1")) return file;
  const { write } = file;
  file.write = async (bytes, from, length, at) => {
    const done = await write.call(file, bytes, from, length, at);
    if (at <= ${DAMAGED_BYTE} && ${DAMAGED_BYTE} < at + done.bytesWritten) writeSync(file.fd, "#", ${DAMAGED_BYTE});
    return done;
  };
  return file;
};`;

let standIn: StandIn;
let tools: string;
let device: StandInDevice | undefined;
beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), "fota-large-"));
  standIn = await StandIn.start();
  for (const version of ["1.0.0", "2.0.0"]) await standIn.buildFirmware(version);
  await standIn.padFirmware("2.0.0", SIZE_BYTES);
});
afterEach(async () => {
  standIn.local.faults.clear();
  await device?.boot.dispose();
  device = undefined;
});
afterAll(async () => {
  await standIn.stop();
  await rm(tools, { recursive: true });
});

/** How often the firmware has slot 1 open: to write it, and to read it behind the writes. */
async function opened({ boot }: StandInDevice, launcher: Launcher): Promise<number> {
  const folder = `/proc/${await firmwareOf(launcher)}/fd`;
  const links = (await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => ""));
  return (await Promise.all(links)).filter((path) => path === join(boot.dir, "slot-1")).length;
}

/** How much of the image is durable, as the saved state says. */
async function durableBytes({ boot }: StandInDevice): Promise<number> {
  const state = await readFile(join(boot.dir, "fota-state.json"), "utf8").catch(() => "");
  return Number(/"offsetBytes":(\d+)/.exec(state)?.[1] ?? 0);
}

test("kill -9 in the middle: goes on at a durable byte, all is read back by the thread, and ends SUCCEEDED", async () => {
  const pump = await standIn.makeDevice("1.0.0");
  device = pump;
  const jobId = await standIn.createJob("2.0.0", pump.thingName);
  const { faults } = standIn.local;
  faults.add({ kind: "slowTransfer", key: jobId, bytesPerSecond: SIZE_BYTES / 2, times: 1 });
  const first = pump.boot.launch();
  await expect.poll(() => durableBytes(pump), { interval: 20 }).toBeGreaterThan(0);
  expect(await opened(pump, first)).toBe(2);
  await cutPower(first);
  const resumed = await durableBytes(pump);
  expect(resumed).toBeLessThan(SIZE_BYTES);
  // Whoever fetches an earlier byte again gets no further.
  faults.add({ kind: "cutTransfer", key: jobId, atByte: resumed - 1 });
  const again = pump.boot.launch();
  await again.says(/reporting -> idle/);
  expect(again.output()).not.toMatch(/is read back later|download stopped/);
  expect(await standIn.executionOf(jobId, pump.thingName)).toMatchObject({ status: "SUCCEEDED" });
  expect(await standIn.holds(pump, 1, "2.0.0")).toBe(true);
});

test("a byte that storage keeps wrong behind the writes is found: FAILED digest-mismatch, the old image stays", async () => {
  const badDisk = join(tools, "bad-disk.cjs");
  await writeFile(badDisk, BAD_DISK);
  device = await standIn.makeDevice("1.0.0", { NODE_OPTIONS: `--require ${badDisk}` });
  const jobId = await standIn.createJob("2.0.0", device.thingName);
  const launcher = device.boot.launch();
  await launcher.says(/reporting -> idle/);
  const held = await readFile(join(device.boot.dir, "slot-1"));
  expect(String.fromCharCode(held[DAMAGED_BYTE] ?? 0)).toBe("#");
  const actual = createHash("md5").update(held).digest("hex");
  expect(await standIn.executionOf(jobId, device.thingName)).toMatchObject({
    status: "FAILED",
    statusDetails: { detailsMap: { reason: "digest-mismatch", actual } },
  });
  expect(launcher.output()).not.toMatch(/is read back later|slot 1 on trial/);
  expect(await readBootRecord(device.boot.dir)).toMatchObject({ currentSlot: 0, workingSlot: 0 });
});
