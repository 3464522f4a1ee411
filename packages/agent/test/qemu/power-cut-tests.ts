import { expect, test } from "vitest";
import type { LoaderDevice } from "./loader-device.js";
import { CONFIRMED, expectBoot, OLD, startTrial, TRIAL } from "./new-device.js";
import { bootEachState, cutAtEachWrite } from "./power-cuts.js";

/** Registers the tests of power cuts that every boot loader must pass; `device` returns the new device of a test. */
export function powerCutTests(device: () => LoaderDevice): void {
  test("power cut while the agent schedules a trial: the old image boots, or the new one on trial", async () => {
    await device().powerOn();
    await device().store(1, "second");
    const slots = new Set<number>();
    await bootEachState(
      device(),
      (port) => port.attempt(1),
      async () => {
        const booted = await device().powerOn();
        slots.add(booted.slot);
        if (booted.slot === 0) return await expectBoot(device(), booted, "first", OLD);
        await expectBoot(device(), booted, "second", TRIAL);
        await expectBoot(device(), await device().reset(), "first", OLD);
      },
    );
    expect([...slots].sort()).toEqual([0, 1]);
  });

  test("power cut while the agent confirms: the old image boots, or the new one for good", async () => {
    await startTrial(device());
    const slots = new Set<number>();
    await bootEachState(
      device(),
      (port) => port.accept(),
      async () => {
        const booted = await device().powerOn();
        slots.add(booted.slot);
        if (booted.slot === 0) return await expectBoot(device(), booted, "first", OLD);
        await expectBoot(device(), booted, "second", CONFIRMED);
        await expectBoot(device(), await device().reset(), "second", CONFIRMED);
      },
    );
    expect([...slots].sort()).toEqual([0, 1]);
  });

  test("power cut while the agent reverts: the old image boots", async () => {
    await startTrial(device());
    await bootEachState(
      device(),
      (port) => port.revert(),
      async () => await expectBoot(device(), await device().powerOn(), "first", OLD),
    );
  });

  test("power cut while the boot loader starts a trial: the old image boots, or the new one on trial", async () => {
    await device().powerOn();
    await device().install(1, "second");
    await cutAtEachWrite(device(), async () => {
      const booted = await device().powerOn();
      if (booted.slot === 1) {
        await expectBoot(device(), booted, "second", TRIAL);
        await expectBoot(device(), await device().reset(), "first", OLD);
      } else await expectBoot(device(), booted, "first", OLD);
      await device().install(1, "third"); // an update after the cut works
      await expectBoot(device(), await device().reset(), "third", TRIAL);
      await device().confirm();
      await expectBoot(device(), await device().powerCycle(), "third", CONFIRMED);
    });
  });

  test("power cut while the boot loader reverts: the old image boots, and stays", async () => {
    await startTrial(device());
    await cutAtEachWrite(device(), async () => {
      await expectBoot(device(), await device().powerOn(), "first", OLD);
      await expectBoot(device(), await device().reset(), "first", OLD);
    });
  });
}
