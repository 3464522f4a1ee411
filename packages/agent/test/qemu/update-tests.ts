import { expect, test } from "vitest";
import type { Kernel, LoaderDevice } from "./loader-device.js";
import { CONFIRMED, expectBoot, OLD, startTrial, TRIAL } from "./new-device.js";

/** Registers the tests of updates that every boot loader must pass; `device` returns the new device of a test. */
export function updateTests(device: () => LoaderDevice): void {
  test("a new device boots slot 0, and the agent reads its record", async () => {
    await expectBoot(device(), await device().powerOn(), "first", OLD);
    await expectBoot(device(), await device().reset(), "first", OLD);
    await expectBoot(device(), await device().powerCycle(), "first", OLD);
  });

  test("a trial boots once: the reset after it reverts, and a trial after that is a new one", async () => {
    await startTrial(device());
    await expectBoot(device(), await device().reset(), "first", OLD);
    await expectBoot(device(), await device().reset(), "first", OLD);
    await device().install(1, "third");
    await expectBoot(device(), await device().powerCycle(), "third", TRIAL);
    await expectBoot(device(), await device().powerCycle(), "first", OLD);
  });

  test("a confirmed image stays, over resets and power cuts", async () => {
    await startTrial(device());
    await device().confirm();
    await expectBoot(device(), await device().reset(), "second", CONFIRMED);
    await expectBoot(device(), await device().powerCycle(), "second", CONFIRMED);
    await expectBoot(device(), await device().reset(), "second", CONFIRMED);
  });

  test("a revert on trial boots the old image", async () => {
    await startTrial(device());
    await device().revert();
    await expectBoot(device(), await device().reset(), "first", OLD);
    await expectBoot(device(), await device().powerCycle(), "first", OLD);
  });

  test("an image that is stored without an attempt is not booted", async () => {
    await device().powerOn();
    await device().store(1, "second");
    await expectBoot(device(), await device().reset(), "first", OLD);
    await device().asAgent((slots) => slots.attempt(1));
    await device().revert();
    await expectBoot(device(), await device().powerCycle(), "first", OLD);
  });

  test.each(["missing", "damaged"] satisfies Kernel[])(
    "a trial whose kernel is %s is back without help",
    async (kernel) => {
      await device().powerOn();
      await device().install(1, "second", kernel);
      await expectBoot(device(), await device().reset(), "first", OLD);
      await expectBoot(device(), await device().reset(), "first", OLD);
    },
  );

  test("a trial that is no file system is back without help", async () => {
    await device().powerOn();
    await device().asAgent(async (slots) => {
      await slots.erase(1, 70_000);
      await slots.write(1, 0, new Uint8Array(70_000).fill(0x5a));
      await slots.attempt(1);
    });
    await expectBoot(device(), await device().reset(), "first", OLD);
  });

  test("a trial that crashes is back without help", async () => {
    await device().powerOn();
    await device().install(1, "second", "resets");
    expect(await device().reset()).toMatchObject({ label: "second", slot: 1 });
    await expectBoot(device(), await device().next(), "first", OLD);
    await expectBoot(device(), await device().powerCycle(), "first", OLD);
  });

  test("updates in turn into slots 1, 0 and 1, with a failed trial between", async () => {
    await startTrial(device());
    await device().confirm();
    await device().install(0, "third");
    expect(await device().reset()).toMatchObject({ label: "third", slot: 0 });
    expect(await device().reset()).toMatchObject({ label: "second", slot: 1 });
    await device().install(0, "fourth");
    expect(await device().reset()).toMatchObject({ label: "fourth", slot: 0 });
    await device().confirm();
    await expectBoot(device(), await device().reset(), "fourth", OLD);
    await device().install(1, "fifth");
    expect(await device().powerCycle()).toMatchObject({ label: "fifth", slot: 1 });
    await device().confirm();
    await expectBoot(device(), await device().powerCycle(), "fifth", CONFIRMED);
  });
}
