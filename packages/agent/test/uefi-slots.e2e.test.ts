import { writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Slots } from "../src/core/ports.js";
import { uefiSlots } from "../src/node/uefi-slots.js";
import { contractOver, scheduleTrial } from "./slot-tests.js";
import { ENTRY, hasEfibootmgr, UefiDevice } from "./uefi-device.js";

async function slotsOf({ paths, variablesPath }: UefiDevice): Promise<Slots> {
  vi.stubEnv("EFIVARFS_PATH", variablesPath);
  return await uefiSlots({ paths, slotSizeBytes: 64 * 1024 });
}

async function boot(device: UefiDevice): Promise<Slots> {
  await device.boot();
  return await slotsOf(device);
}

describe.skipIf(!hasEfibootmgr)("with efibootmgr, on the variables of a simulated firmware", () => {
  describe("contract", () => {
    contractOver("uefiSlots", async () => {
      const device = await UefiDevice.make();
      return {
        slots: await slotsOf(device),
        reboot: async () => await boot(device),
        dispose: async () => await device.dispose(),
      };
    });
  });

  let device: UefiDevice;
  let slots: Slots;
  beforeEach(async () => {
    device = await UefiDevice.make();
    slots = await slotsOf(device);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await device.dispose();
  });

  const variables = async () => ({
    next: await device.readNumbers("BootNext"),
    order: await device.readNumbers("BootOrder"),
  });
  const firstOrder = [ENTRY.network, ENTRY.slot0, ENTRY.slot1];

  test("a trial is BootNext and nothing else, and is gone when it boots", async () => {
    await scheduleTrial(slots);
    expect(await variables()).toEqual({ next: [ENTRY.slot1], order: firstOrder });
    await device.boot();
    expect(await variables()).toEqual({ next: [], order: firstOrder });
  });

  test("accept moves the slot before the other one, and other entries keep their places", async () => {
    await scheduleTrial(slots);
    await (await boot(device)).accept();
    expect(await variables()).toEqual({ next: [], order: [ENTRY.network, ENTRY.slot1, ENTRY.slot0] });
  });

  test("a trial that the firmware cannot load is back in the same boot", async () => {
    await scheduleTrial(slots);
    device.damaged = [ENTRY.network, ENTRY.slot1];
    const { runningSlot, currentSlot, workingSlot } = await (await boot(device)).record();
    expect({ runningSlot, currentSlot, workingSlot }).toEqual({
      runningSlot: 0,
      currentSlot: 0,
      workingSlot: 0,
    });
  });

  test("without an image to revert to, the new one stays", async () => {
    await scheduleTrial(slots);
    const onTrial = await boot(device);
    await writeFile(device.paths[0] ?? "", "");
    await expect(onTrial.revert()).rejects.toMatchObject({ code: "FALLBACK_MISSING" });
    expect((await variables()).next).toEqual([]);
    await onTrial.accept();
  });

  test("a boot from another entry is an error that names it", async () => {
    await device.writeNumbers("BootCurrent", [ENTRY.network]);
    await expect(slotsOf(device)).rejects.toMatchObject({
      code: "RUNNING_SLOT_UNKNOWN",
      message: 'this boot came from the boot entry "network", not from a slot',
    });
  });

  test.each([
    [
      "missing",
      (device: UefiDevice) => device.writeEntry(ENTRY.slot1, "renamed"),
      /no active entry .* fota-1/,
    ],
    ["inactive", (device: UefiDevice) => device.writeEntry(ENTRY.slot1, "fota-1", false), /no active entry/],
    ["double", (device: UefiDevice) => device.writeEntry(ENTRY.network, "fota-1"), /more than one entry/],
    ["not in the order", (device: UefiDevice) => device.writeNumbers("BootOrder", [5]), /BootOrder has no/],
  ])("an entry that is %s is an error, not a guess", async (_what, change, message) => {
    await change(device);
    await expect(slots.record()).rejects.toMatchObject({
      code: "BOOT_RECORD_INVALID",
      message: expect.stringMatching(message),
    });
  });
});

test("without efibootmgr, the hint names the package", async () => {
  vi.stubEnv("PATH", "/nowhere");
  const refused = uefiSlots({ paths: ["/a", "/b"] });
  await expect(refused).rejects.toMatchObject({
    code: "SLOT_ACCESS",
    message: "efibootmgr is not installed on this device",
    hint: "install efibootmgr",
  });
  vi.unstubAllEnvs();
});
