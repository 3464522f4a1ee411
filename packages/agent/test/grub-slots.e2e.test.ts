import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Slots } from "../src/core/ports.js";
import { grubSlots } from "../src/node/grub-slots.js";
import { GrubDevice, grubMissing } from "./grub-device.js";
import { contractOver, scheduleTrial } from "./slot-tests.js";

const slotSizeBytes = 64 * 1024;

function slotsOf({ paths, envFile }: GrubDevice, runningSlot: number): Slots {
  return grubSlots({ paths, runningSlot, slotSizeBytes, envFile });
}

async function boot(device: GrubDevice): Promise<Slots> {
  return slotsOf(device, await device.boot());
}

if (grubMissing !== undefined) test.skip(`GRUB: ${grubMissing}`, () => {});

describe.skipIf(grubMissing !== undefined)("GRUB", () => {
  let folder: string;
  let disk: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fota-grub-disk-"));
    const first = await GrubDevice.make();
    disk = await first.saveDisk(folder);
    await first.dispose();
  });
  afterAll(async () => await rm(folder, { recursive: true }));

  describe("contract", () => {
    contractOver("grubSlots", async () => {
      const device = await GrubDevice.make(disk);
      return {
        slots: slotsOf(device, 0),
        reboot: async () => await boot(device),
        dispose: async () => await device.dispose(),
      };
    });
  });

  let device: GrubDevice;
  let slots: Slots;
  beforeEach(async () => {
    device = await GrubDevice.make(disk);
    slots = slotsOf(device, 0);
  });
  afterEach(async () => await device.dispose());

  test("a trial is marked before it boots, and accept is one write", async () => {
    await scheduleTrial(slots);
    expect(await device.variables()).toEqual({ fota_working: "0", fota_current: "1", fota_trial: "1" });
    const onTrial = await boot(device);
    expect(await device.variables()).toEqual({ fota_working: "0", fota_current: "1", fota_trial: "2" });
    await onTrial.accept();
    expect(await device.variables()).toEqual({ fota_working: "1", fota_current: "1", fota_trial: "0" });
  });

  test("each write changes one sector of the same file and nothing else", async () => {
    const before = await readFile(device.envFile);
    await scheduleTrial(slots);
    const after = await readFile(device.envFile);
    const changed = [...after.keys()].filter((at) => after[at] !== before[at]);
    expect(changed).toHaveLength(2);
    expect(new Set(changed.map((at) => Math.floor(at / 512))).size).toBe(1);
  });

  test("a trial whose kernel cannot be loaded is back after one reset", async () => {
    await scheduleTrial(slots);
    device.damaged = [1];
    expect(await device.boot()).toBe(0);
    expect(await device.variables()).toMatchObject({ fota_working: "0", fota_trial: "0" });
  });

  test("a trial that cannot be recorded is not booted", async () => {
    await scheduleTrial(slots);
    device.isReadOnly = true;
    expect(await device.boot()).toBe(0);
  });

  test("without an image to revert to, the new one stays", async () => {
    await scheduleTrial(slots);
    const onTrial = await boot(device);
    await writeFile(device.paths[0] ?? "", "");
    await expect(onTrial.revert()).rejects.toMatchObject({ code: "FALLBACK_MISSING" });
    await onTrial.accept();
    expect(await device.boot()).toBe(1);
  });

  test("a block that is missing, damaged, or split over sectors is refused and not changed", async () => {
    const good = await readFile(device.envFile, "latin1");
    const faults: [block: string, message: RegExp][] = [
      ["", /is not an environment block of GRUB/],
      [good.replace("fota_trial=0\n", ""), /fota_trial in .* is missing, not a digit/],
      [good.replace("fota_working=0", "fota_working=x"), /fota_working in .* is x, not a digit/],
    ];
    for (const [block, message] of faults) {
      await writeFile(device.envFile, block);
      await expect(slots.record()).rejects.toMatchObject({
        code: "BOOT_RECORD_INVALID",
        message: expect.stringMatching(message),
      });
    }
    const padding = "#".repeat(400);
    const split = good.replace("fota_trial", `other=${padding}\nfota_trial`).slice(0, 1024);
    await writeFile(device.envFile, split);
    await expect(scheduleTrial(slots)).rejects.toThrow(/are not within one sector of 512 bytes/);
    expect(await readFile(device.envFile, "latin1")).toBe(split);
    await rm(device.envFile);
    await expect(slots.record()).rejects.toThrow(/environment block .* does not exist/);
  });
});
