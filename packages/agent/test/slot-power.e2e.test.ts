import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { readBootRecord } from "../src/boot/boot-record.js";
import { BootDevice, buildFotaBoot } from "./boot-device.js";

let tools: string;
let fotaBoot: string;
let firmware: string;
let device: BootDevice;
beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), "fota-power-tools-"));
  fotaBoot = await buildFotaBoot(tools);
  firmware = join(tools, "firmware");
  await build({
    entryPoints: [join(import.meta.dirname, "slot-firmware.ts")],
    outfile: firmware,
    bundle: true,
    platform: "node",
    target: "node20.19",
    format: "cjs",
    conditions: ["@fota/source", "module"],
    banner: { js: "#!/usr/bin/env node" },
    logLevel: "warning",
  });
});
afterAll(async () => await rm(tools, { recursive: true }));
beforeEach(async () => {
  device = await BootDevice.make(fotaBoot);
  expect(await device.launch("--install", firmware).ended).toBe(0);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await device.dispose();
});

const finished = { currentSlot: 1, workingSlot: 1, trialBoots: 0 };

test("an update through file slots and fota-boot ends confirmed in the new slot", async () => {
  const launcher = device.launch();
  await launcher.says(/^done$/);
  expect(launcher.output()).toMatch(
    /slot 0 pid \d+ trial 0\n(.*\n)*.*slot 1 on trial\n(.*\n)*.*slot 1 pid \d+ trial 1/,
  );
  expect(await readBootRecord(device.dir)).toMatchObject(finished);
});

const moments = ["erased", "half written", "written", "scheduled", "on trial", "confirmed"];

test.each(
  moments.flatMap((moment) => [["firmware", moment] as const, ["launcher and firmware", moment] as const]),
)("kill -9 of %s when %s: the next start boots, and ends confirmed in the new slot", async (who, moment) => {
  vi.stubEnv("KILL_AT", moment);
  if (who !== "firmware") vi.stubEnv("KILL_LAUNCHER", "1");
  const first = device.launch();
  if (who === "firmware" && moment === "on trial") {
    await first.says(/slot 1 failed on trial \(SIGKILL\); reverting to slot 0/); // and it tries again by itself
    await first.says(/^done$/);
    return;
  }
  expect(await first.ended).toBe(who === "firmware" ? 137 : "SIGKILL");
  const next = device.launch();
  await next.says(/^done$/);
  expect(await readBootRecord(device.dir)).toMatchObject(finished);
});
