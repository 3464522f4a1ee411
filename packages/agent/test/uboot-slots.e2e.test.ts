import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isFotaError } from "@fota/shared";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Slots } from "../src/core/ports.js";
import { parseRunningSlot } from "../src/node/boot-loader.js";
import { ubootSlots } from "../src/node/uboot-slots.js";
import { contractOver, scheduleTrial } from "./slot-tests.js";
import { hasUbootTools, UbootDevice } from "./uboot-device.js";

const slotSizeBytes = 64 * 1024;

function slotsOf({ paths, config }: UbootDevice, runningSlot: number): Slots {
  return ubootSlots({ paths, runningSlot, slotSizeBytes, envConfig: config });
}

/** Boots, and gives the port of what runs then. */
async function boot(device: UbootDevice): Promise<Slots> {
  return slotsOf(device, parseRunningSlot(await device.boot()));
}

describe.skipIf(!hasUbootTools)("with fw_printenv and fw_setenv (Debian: libubootenv-tool)", () => {
  describe("contract", () => {
    contractOver("ubootSlots", async () => {
      const device = await UbootDevice.make();
      return {
        slots: await boot(device),
        reboot: async () => await boot(device),
        dispose: async () => await device.dispose(),
      };
    });
  });

  let device: UbootDevice;
  let slots: Slots;
  beforeEach(async () => {
    device = await UbootDevice.make();
    slots = slotsOf(device, 0);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await device.dispose();
  });

  const fotaVariables = async () => {
    const { fota_current, fota_working, upgrade_available, bootcount } = await device.variables();
    return { fota_current, fota_working, upgrade_available, bootcount };
  };
  const confirmed = (slot: string) => ({
    fota_current: slot,
    fota_working: slot,
    upgrade_available: "0",
    bootcount: "0",
  });

  test("a trial is what U-Boot's bootcount feature takes for one, and is counted when it boots", async () => {
    await scheduleTrial(slots);
    const scheduled = { fota_current: "1", fota_working: "0", upgrade_available: "1", bootcount: "0" };
    expect(await fotaVariables()).toEqual(scheduled);
    expect(await device.boot()).toMatch(/root=\/dev\/mmcblk0p3 .* fota\.slot=1$/);
    expect(await fotaVariables()).toEqual({ ...scheduled, bootcount: "1" });
  });

  test("accept ends the count and keeps the other variables", async () => {
    await device.set("serial", "0042 a=b");
    await scheduleTrial(slots);
    await (await boot(device)).accept();
    expect(await fotaVariables()).toEqual(confirmed("1"));
    expect((await device.variables())["serial"]).toBe("0042 a=b");
    expect(await device.boot()).toMatch(/fota\.slot=1$/);
  });

  test("a trial whose kernel cannot be loaded is back after one reset", async () => {
    await scheduleTrial(slots);
    device.damaged = [1];
    expect(await device.boot()).toMatch(/root=\/dev\/mmcblk0p2 .* fota\.slot=0$/);
    expect(await fotaVariables()).toEqual(confirmed("0"));
  });

  test.each([
    [2, [1, 1, 0]],
    [3, [1, 1, 1, 0]],
  ])("with bootlimit %i a trial gets that many boots", async (limit, booted) => {
    await device.set("bootlimit", limit);
    await scheduleTrial(slots);
    for (const slot of booted) expect(parseRunningSlot(await device.boot())).toBe(slot);
  });

  test("a current slot whose boots are not counted is not on trial, in the port and in the script", async () => {
    await scheduleTrial(slots);
    await device.set("upgrade_available", 0);
    expect((await slots.record()).currentSlot).toBe(0);
    expect(await device.boot()).toMatch(/fota\.slot=0$/);
    await slots.attempt(1);
    expect(await device.boot()).toMatch(/fota\.slot=1$/);
  });

  test("a copy of the environment torn at any half leaves the record from before", async () => {
    const before = await Promise.all(device.copies.map((copy) => readFile(copy)));
    await scheduleTrial(slots);
    for (const [i, copy] of device.copies.entries()) {
      const after = await readFile(copy);
      if (after.equals(before[i] ?? after)) continue;
      await writeFile(copy, Buffer.concat([after.subarray(0, 20), before[i]?.subarray(20) ?? after]));
    }
    expect(await slots.record()).toMatchObject({ currentSlot: 0, workingSlot: 0 });
    expect(await device.boot()).toMatch(/fota\.slot=0$/);
  });

  test.each(["fota_current", "fota_working"])(
    "an environment without %s is an error, not a guess",
    async (name) => {
      await device.set(name, "");
      await expect(slots.record()).rejects.toMatchObject({ code: "BOOT_RECORD_INVALID" });
    },
  );

  test("an environment whose copies are both damaged is an error in the tool's words", async () => {
    for (const copy of device.copies) await writeFile(copy, Buffer.alloc(0x4000, "x"));
    const error = await slots.record().catch((thrown: unknown) => thrown);
    expect(isFotaError(error, "SLOT_ACCESS") && error.message).toMatch(
      /^fw_printenv failed: Cannot read env/,
    );
    expect(isFotaError(error) && error.hint).toMatch(/configuration matches/);
  });

  test("a write that the tool refuses is an error, also with nothing read from the script", async () => {
    await scheduleTrial(slots);
    await slots.revert();
    await writeFile(join(device.dir, "fw_setenv"), "#!/bin/sh\necho 'Error storing the env' >&2; exit 1\n");
    await chmod(join(device.dir, "fw_setenv"), 0o755);
    vi.stubEnv("PATH", `${device.dir}:${process.env["PATH"]}`);
    await expect(slots.attempt(1)).rejects.toMatchObject({
      code: "SLOT_ACCESS",
      message: "fw_setenv failed: Error storing the env",
    });
    expect(await slots.record()).toMatchObject({ currentSlot: 0, workingSlot: 0 });
  });
});

test("without the tools, the hint names the packages to install", async () => {
  vi.stubEnv("PATH", "/nowhere");
  const slots = ubootSlots({ paths: ["/a", "/b"], runningSlot: 0, slotSizeBytes });
  const error = await slots.record().catch((thrown: unknown) => thrown);
  vi.unstubAllEnvs();
  expect(isFotaError(error, "SLOT_ACCESS") && error.message).toBe(
    "fw_printenv is not installed on this device",
  );
});

test.each([
  ["console=ttyS0 fota.slot=1 ro\n", 1],
  ["fota.slot=0", 0],
])("%j names the running slot", (commandLine, slot) => {
  expect(parseRunningSlot(commandLine)).toBe(slot);
});

test.each(["", "notfota.slot=1", "fota.slot=one", "fota.slot=1x"])("%j does not", (commandLine) => {
  expect(() => parseRunningSlot(commandLine)).toThrow(/has no fota\.slot=N/);
});
