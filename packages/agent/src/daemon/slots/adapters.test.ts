import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSlots, slotFolder, slotsSchema } from "./adapters.js";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-adapters-"));
  for (const slot of [0, 1]) await writeFile(join(dir, `image-${slot}`), "image");
});
afterEach(async () => await rm(dir, { recursive: true }));

async function open(config: object) {
  const context = { stateDir: dir, env: {}, log: () => {} };
  return await openSlots(v.parse(slotsSchema, config), context);
}

/** Writes an environment block as grub-editenv does. */
async function grubEnv(variables: Record<string, number>): Promise<string> {
  const path = join(dir, "fota.env");
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(path, `# GRUB Environment Block\n${lines.join("")}`.padEnd(1024, "#"));
  return path;
}

const trial = { fota_current: 1, fota_working: 0, fota_trial: 2 };

test("grub: the record is that of the environment block, and the restart command runs", async () => {
  const restartFile = join(dir, "restarted");
  const { slots } = await open({
    type: "grub",
    paths: [join(dir, "image-0"), join(dir, "image-1")],
    runningSlot: 1,
    envFile: await grubEnv(trial),
    restartCommand: ["touch", restartFile],
  });
  expect(await slots.record()).toMatchObject({
    runningSlot: 1,
    currentSlot: 1,
    workingSlot: 0,
    slotCount: 2,
  });
  await slots.accept();
  expect(await slots.record()).toMatchObject({ currentSlot: 1, workingSlot: 1 });
  await slots.restart();
  await rm(restartFile);
});

test("a restart command that fails is an error that names its key", async () => {
  const { slots } = await open({
    type: "grub",
    paths: [join(dir, "image-0"), join(dir, "image-1")],
    runningSlot: 0,
    envFile: await grubEnv({ ...trial, fota_current: 0, fota_trial: 0 }),
    restartCommand: ["false"],
  });
  await expect(slots.restart()).rejects.toMatchObject({
    message: expect.stringMatching(/^restartCommand failed/),
    hint: expect.stringContaining("slots.restartCommand"),
  });
});

test("swupdate: bundles in the state folder, the trial in the boot loader", async () => {
  const loader = {
    type: "grub",
    runningSlot: 0,
    envFile: await grubEnv({ ...trial, fota_current: 0, fota_trial: 0 }),
  };
  const { slots } = await open({ type: "swupdate", loader, slotSizeBytes: 4096 });
  expect(await slots.record()).toMatchObject({ runningSlot: 0, slotCount: 2, slotSizeBytes: 4096 });
});

test("command: what the executable says", async () => {
  const command = join(dir, "slots");
  const record = {
    contract: 1,
    runningSlot: 1,
    currentSlot: 1,
    workingSlot: 1,
    slotCount: 2,
    slotSizeBytes: 100,
  };
  await writeFile(command, `#!/bin/sh\necho '${JSON.stringify(record)}'\n`);
  await chmod(command, 0o755);
  const { slots } = await open({ type: "command", command: [command] });
  expect(await slots.record()).toMatchObject({ runningSlot: 1, slotSizeBytes: 100 });
});

test.each([
  [{ type: "rauc" }, "/state/bundles"],
  [{ type: "rauc", bundleDir: "/data" }, "/data"],
  [{ type: "files", runningSlot: 0 }, "/state"],
  [{ type: "files" }, undefined],
  [{ type: "command", command: ["true"] }, undefined],
])("the slots %j make the folder %s when they are first used", (config, folder) => {
  expect(slotFolder(v.parse(slotsSchema, config), "/state")).toBe(folder);
});
