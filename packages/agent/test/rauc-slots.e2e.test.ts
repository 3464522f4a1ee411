import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isFotaError } from "@fota/shared";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { readBootRecord } from "../src/boot/boot-record.js";
import type { Slots } from "../src/core/ports.js";
import { type InstallerKey, makeInstallerKey } from "./installer-key.js";
import { Bus, RaucDevice, raucMissing } from "./rauc-device.js";
import { contractOver, storeImage } from "./slot-tests.js";

if (raucMissing !== undefined) test.skip(`RAUC: ${raucMissing}`, () => {});

describe.skipIf(raucMissing !== undefined)("with RAUC", () => {
  let folder: string;
  let key: InstallerKey;
  let bus: Bus;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fota-rauc-bus-"));
    key = makeInstallerKey(folder);
    bus = await Bus.start(folder);
  });
  afterAll(async () => {
    await bus.stop();
    await rm(folder, { recursive: true });
  });

  async function start(): Promise<RaucDevice> {
    const device = await RaucDevice.make(key, bus);
    vi.stubEnv("DBUS_SYSTEM_BUS_ADDRESS", bus.address);
    vi.stubEnv("PATH", device.path);
    await device.boot();
    return device;
  }
  async function end(device: RaucDevice): Promise<void> {
    vi.unstubAllEnvs();
    await device.dispose();
  }

  describe("contract", () => {
    contractOver("raucSlots", async () => {
      const device = await start();
      return {
        slots: await device.slots(),
        async reboot() {
          await device.boot();
          return await device.slots();
        },
        dispose: async () => await end(device),
      };
    });
  });

  describe("updates", () => {
    let device: RaucDevice;
    let slots: Slots;
    beforeEach(async () => {
      device = await start();
      slots = await device.slots();
    });
    afterEach(async () => await end(device));

    async function boot(): Promise<Slots> {
      await device.boot();
      return await device.slots();
    }

    test("a bundle is installed by RAUC, tried once, marked as good, and known as what runs", async () => {
      const image = Buffer.alloc(20_000, "a new root file system ");
      const bundle = await readFile(await device.makeBundle(image));
      await storeImage(slots, bundle);
      const stored = await slots.digest(1, bundle.length);
      await slots.attempt(1);
      expect((await readFile(device.slotPath("B"))).subarray(0, image.length).equals(image)).toBe(true);
      const onTrial = await boot();
      expect(await device.variables()).toMatchObject({ ORDER: "B A", B_OK: "1", B_TRY: "1", A_TRY: "0" });
      expect(await onTrial.digest(1, bundle.length)).toEqual(stored);
      await onTrial.accept();
      expect(await device.variables()).toMatchObject({ ORDER: "B A", B_OK: "1", B_TRY: "0" });
      expect(await onTrial.digest(1, bundle.length)).toEqual(stored);
    });

    test("what somebody else installs is not taken for the bundle of the agent", async () => {
      const bundle = await readFile(await device.makeBundle(Buffer.alloc(9_000, "agent")));
      await storeImage(slots, bundle);
      const stored = await slots.digest(1, bundle.length);
      await slots.attempt(1);
      await slots.revert();
      const other = await device.makeBundle(Buffer.alloc(9_000, "operator"));
      execFileSync("rauc", ["install", other], { stdio: "pipe" });
      await device.boot();
      execFileSync("rauc", ["status", "mark-good"], { stdio: "pipe" });
      const now = await device.slots();
      expect(await now.record()).toMatchObject({ runningSlot: 1, currentSlot: 1, workingSlot: 1 });
      expect(await now.digest(1, bundle.length)).not.toEqual(stored);
    });

    test("a bundle that RAUC refuses is an error in its words, and no trial", async () => {
      const strangers = await mkdtemp(join(folder, "stranger-"));
      const stranger = await RaucDevice.make(makeInstallerKey(strangers), bus);
      const bundle = await readFile(await stranger.makeBundle(Buffer.alloc(9_000, "x")));
      await stranger.dispose();
      await storeImage(slots, bundle);
      await writeFile(join(device.dir, "tools", "pack"), '#!/bin/sh\ncp "$1" "$2"\n');
      await chmod(join(device.dir, "tools", "pack"), 0o755);
      const error = await slots.attempt(1).catch((thrown: unknown) => thrown);
      expect(isFotaError(error, "SLOT_ACCESS") && error.message).toMatch(
        /^rauc failed: .*(signature|certificate)/i,
      );
      await slots.revert();
      expect(await (await boot()).record()).toMatchObject({ runningSlot: 0, currentSlot: 0, workingSlot: 0 });
    });

    test("while RAUC is busy with the installation of an agent that was killed, the next one waits", async () => {
      const path = await device.makeBundle(Buffer.alloc(9_000, "x"));
      await storeImage(slots, await readFile(path));
      const hold = join(device.dir, "hold");
      await writeFile(hold, "");
      const killed = spawn("rauc", ["install", path], { stdio: ["ignore", "pipe", "ignore"] });
      await once(killed.stdout, "data"); // the service has begun
      const second = spawnSync("rauc", ["install", path]);
      expect(second.stderr.toString()).toMatch(/already processing/i);
      const attempted = slots.attempt(1);
      killed.kill("SIGKILL");
      await rm(hold);
      await attempted;
      expect(await (await boot()).record()).toMatchObject({ runningSlot: 1, currentSlot: 1, workingSlot: 0 });
    });

    test("a trial that died is not in the saved record any more", async () => {
      await storeImage(slots, await readFile(await device.makeBundle(Buffer.alloc(9_000, "x"))));
      await slots.attempt(1);
      await device.boot();
      await boot();
      expect(await readBootRecord(join(device.dir, "bundles"))).toMatchObject({
        currentSlot: 0,
        workingSlot: 0,
      });
    });

    test("without an image to revert to, the new one stays", async () => {
      await storeImage(slots, await readFile(await device.makeBundle(Buffer.alloc(9_000, "x"))));
      await slots.attempt(1);
      const onTrial = await boot();
      await device.setVariables({ A_OK: 0 });
      await expect(onTrial.revert()).rejects.toMatchObject({ code: "FALLBACK_MISSING" });
      await onTrial.accept();
      expect(await (await boot()).record()).toMatchObject({ runningSlot: 1, currentSlot: 1, workingSlot: 1 });
    });
  });
});
