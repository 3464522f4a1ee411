import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import type { Slots } from "../src/core/ports.js";
import type { FotaOptions } from "../src/fota-options.js";
import { grubSlots } from "../src/node/grub-slots.js";
import { nodeClock } from "../src/node/host.js";
import { uefiSlots } from "../src/node/uefi-slots.js";
import { documentOf, FakeWorld, imageOf } from "../src/testing/index.js";
import { GrubDevice, grubMissing } from "./grub-device.js";
import { makeInstallerKey } from "./installer-key.js";
import { Bus, RaucDevice, raucMissing } from "./rauc-device.js";
import { TrybootDevice } from "./tryboot-device.js";
import { hasEfibootmgr, UefiDevice } from "./uefi-device.js";

/** A device under a boot loader, whose restarts the test makes. */
interface Device {
  image: Uint8Array;
  /** Turns the power on, and returns the slots of what boots. */
  boot(): Promise<Slots>;
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  vi.unstubAllEnvs();
});

const image = imageOf(2, 20_000);
const restart = async () => {};
const slotSizeBytes = 64 * 1024;

const makers: Record<string, { missing: boolean; make: () => Promise<Device> }> = {
  GRUB: {
    missing: grubMissing !== undefined,
    async make() {
      const device = await GrubDevice.make();
      closers.push(() => device.dispose());
      const boot = async () => {
        const runningSlot = await device.boot();
        return grubSlots({
          paths: device.paths,
          envFile: device.envFile,
          runningSlot,
          slotSizeBytes,
          restart,
        });
      };
      return { image, boot };
    },
  },
  UEFI: {
    missing: !hasEfibootmgr,
    async make() {
      const device = await UefiDevice.make();
      closers.push(() => device.dispose());
      vi.stubEnv("EFIVARFS_PATH", device.variablesPath);
      const boot = async () => {
        await device.boot();
        return await uefiSlots({ paths: device.paths, slotSizeBytes, restart });
      };
      return { image, boot };
    },
  },
  tryboot: {
    missing: false,
    async make() {
      const device = await TrybootDevice.make();
      closers.push(() => device.dispose());
      let isFlagged = false;
      device.restart = async (tryboot) => {
        isFlagged = tryboot;
      };
      const boot = async () => {
        await device.boot(isFlagged);
        isFlagged = false;
        return device.slots();
      };
      return { image, boot };
    },
  },
  RAUC: {
    missing: raucMissing !== undefined,
    async make() {
      const folder = await mkdtemp(join(tmpdir(), "fota-rauc-bus-"));
      closers.push(() => rm(folder, { recursive: true }));
      const bus = await Bus.start(folder);
      closers.push(() => bus.stop());
      const device = await RaucDevice.make(makeInstallerKey(folder), bus);
      closers.push(() => device.dispose());
      vi.stubEnv("DBUS_SYSTEM_BUS_ADDRESS", bus.address);
      vi.stubEnv("PATH", device.path);
      const boot = async () => {
        await device.boot();
        return { ...(await device.slots()), restart };
      };
      return { image: await readFile(await device.makeBundle(image)), boot };
    },
  },
};

/** Boots again and again, as the agent asks, until the job has ended. Returns its status and the slot that runs. */
async function update(device: Device, options: FotaOptions) {
  const world = new FakeWorld({ old: imageOf(1, 9), new: device.image });
  const execution = world.cloud.addJob("update", documentOf(device.image, 1));
  for (let boots = 0; boots < 5; boots += 1) {
    const slots = await device.boot();
    const process = world.boot({ ...options, overrides: { slots, clock: nodeClock } });
    await process.fota.handleFotaJobs(process.jobs, { force: true });
    if (["SUCCEEDED", "FAILED"].includes(execution.status)) {
      const { runningSlot, currentSlot, workingSlot } = await (await device.boot()).record();
      return { status: execution.status, slots: [runningSlot, currentSlot, workingSlot] };
    }
  }
  throw new Error(`the job is ${execution.status} after five boots: ${world.logged.join("\n")}`);
}

for (const [name, { missing, make }] of Object.entries(makers)) {
  test.skipIf(missing)(`${name}: an update ends SUCCEEDED in the new slot`, async () => {
    expect(await update(await make(), {})).toEqual({ status: "SUCCEEDED", slots: [1, 1, 1] });
  });

  test.skipIf(missing)(`${name}: an image that fails its self test ends FAILED in the old slot`, async () => {
    const device = await make();
    expect(await update(device, { selfTest: async () => false })).toEqual({
      status: "FAILED",
      slots: [0, 0, 0],
    });
  });
}
