import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Slots } from "../src/core/ports.js";
import { contractOver, scheduleTrial } from "./slot-tests.js";
import { TrybootDevice } from "./tryboot-device.js";

describe("contract", () => {
  contractOver("trybootSlots", async () => {
    const device = await TrybootDevice.make();
    return {
      slots: device.slots(),
      reboot: async () => await device.cutPower(),
      dispose: async () => await device.dispose(),
    };
  });
});

let device: TrybootDevice;
let slots: Slots;
beforeEach(async () => {
  device = await TrybootDevice.make();
  slots = device.slots();
});
afterEach(async () => await device.dispose());

const readFileText = async () => (await readFile(device.autobootFile, "utf8")).trimEnd();
const fileWith = (partition: number, tryPartition: number, trial: string) =>
  `[all]\ntryboot_a_b=1\nboot_partition=${partition}\n[tryboot]\nboot_partition=${tryPartition}\n# fota: trial ${trial}`;

test("autoboot.txt through an update: one sector, which the firmware understands", async () => {
  await scheduleTrial(slots);
  expect(await readFileText()).toBe(fileWith(2, 3, "scheduled"));
  await slots.restart();
  expect(await readFileText()).toBe(fileWith(2, 3, "started"));
  await device.slots().accept();
  expect(await readFileText()).toBe(fileWith(3, 2, "none"));
  expect((await readFile(device.autobootFile)).length).toBe(512);
  await device.boot(false);
  expect((await device.slots().record()).runningSlot).toBe(1);
});

test("a trial is started once: after it died, the agent's restart is a usual one", async () => {
  await scheduleTrial(slots);
  await slots.restart();
  const back = await device.cutPower();
  expect(await back.record()).toMatchObject({ runningSlot: 0, currentSlot: 0, workingSlot: 0 });
  await back.restart();
  expect((await device.slots().record()).runningSlot).toBe(0);
});

test("a restart that fails leaves the trial scheduled", async () => {
  await scheduleTrial(slots);
  device.restart = async () => {
    throw new Error("reboot is missing");
  };
  await expect(slots.restart()).rejects.toThrow("reboot is missing");
  expect(await slots.record()).toMatchObject({ runningSlot: 0, currentSlot: 1 });
});

test("without an image to revert to, the new one stays", async () => {
  await scheduleTrial(slots);
  await slots.restart();
  const onTrial = device.slots();
  await writeFile(device.paths[0] ?? "", "");
  await expect(onTrial.revert()).rejects.toMatchObject({ code: "FALLBACK_MISSING" });
  await onTrial.accept();
});

test.each([
  ["is missing", undefined, /autoboot\.txt does not exist/],
  ["is short", "[all]\n", /has 6 bytes, not 512/],
  ["is long", "#".repeat(600), /has more than 512 bytes/],
  [
    "has other settings",
    `${fileWith(2, 3, "none")}\nboot_partition=4`.padEnd(512, "\n"),
    /lose its other lines/,
  ],
  ["has an unknown trial", fileWith(2, 3, "maybe").padEnd(512, "\n"), /lose its other lines/],
  [
    "names another partition",
    fileWith(5, 3, "none").padEnd(512, "\n"),
    /partition 5 in autoboot\.txt is not/,
  ],
])("a file that %s is refused and not changed", async (_what, text, message) => {
  if (text === undefined) await rm(device.autobootFile);
  else await writeFile(device.autobootFile, text);
  await expect(slots.record()).rejects.toMatchObject({
    code: "BOOT_RECORD_INVALID",
    message: expect.stringMatching(message),
  });
  await expect(slots.revert()).rejects.toMatchObject({ code: "BOOT_RECORD_INVALID" });
  if (text !== undefined) expect(await readFile(device.autobootFile, "utf8")).toBe(text);
});

test("a partition that is not a slot, or is not told, is an error", async () => {
  await writeFile(join(device.bootloaderDir, "partition"), Buffer.from([0, 0, 0, 1]));
  expect(() => device.slots()).toThrow("the device booted partition 1, which is not a slot");
  await rm(join(device.bootloaderDir, "partition"));
  expect(() => device.slots()).toThrow(/cannot read the booted partition/);
});
