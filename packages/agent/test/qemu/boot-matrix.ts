import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Slots } from "../../src/core/ports.js";
import type { Kernel, LoaderBoard, SlotView } from "./loader-device.js";
import { LoaderDevice } from "./loader-device.js";
import { cutsBetween, mixSectors } from "./torn-states.js";

declare module "vitest" {
  interface TaskMeta {
    /** Payloads that a boot loader booted in a test. */
    boots?: number;
    powerCuts?: number;
  }
}

const OLD: SlotView = { runningSlot: 0, currentSlot: 0, workingSlot: 0 };
const TRIAL: SlotView = { runningSlot: 1, currentSlot: 1, workingSlot: 0 };
const CONFIRMED: SlotView = { runningSlot: 1, currentSlot: 1, workingSlot: 1 };

/** Registers the tests that every boot loader must pass, on new devices of a board. */
export function bootMatrix(boardOf: () => LoaderBoard): void {
  let device: LoaderDevice;
  beforeEach(async () => {
    device = await LoaderDevice.make(boardOf());
  });
  afterEach(async ({ task }) => {
    task.meta.boots = device.boots;
    task.meta.powerCuts = device.cuts;
    await device.dispose();
  });

  /** Checks that the boot loader booted this image, and that the agent sees the same. */
  const expectBoot = async (booted: { label: string; slot: number }, label: string, view: SlotView) => {
    expect(booted).toMatchObject({ label, slot: view.runningSlot });
    expect(await device.view()).toEqual(view);
  };
  const powerOnAgain = async () => {
    await device.cutPower();
    return await device.powerOn();
  };
  /** Brings a new device to a trial of "second" in slot 1. */
  const startTrial = async () => {
    await device.powerOn();
    await device.install(1, "second");
    await expectBoot(await device.reset(), "second", TRIAL);
  };

  test("a new device boots slot 0, and the agent reads its record", async () => {
    await expectBoot(await device.powerOn(), "first", OLD);
    await expectBoot(await device.reset(), "first", OLD);
    await expectBoot(await powerOnAgain(), "first", OLD);
  });

  test("a trial boots once: the reset after it reverts, and a trial after that is a new one", async () => {
    await startTrial();
    await expectBoot(await device.reset(), "first", OLD);
    await expectBoot(await device.reset(), "first", OLD);
    await device.install(1, "third");
    await expectBoot(await powerOnAgain(), "third", TRIAL);
    await expectBoot(await powerOnAgain(), "first", OLD);
  });

  test("a confirmed image stays, over resets and power cuts", async () => {
    await startTrial();
    await device.confirm();
    await expectBoot(await device.reset(), "second", CONFIRMED);
    await expectBoot(await powerOnAgain(), "second", CONFIRMED);
    await expectBoot(await device.reset(), "second", CONFIRMED);
  });

  test("a revert on trial boots the old image", async () => {
    await startTrial();
    await device.revert();
    await expectBoot(await device.reset(), "first", OLD);
    await expectBoot(await powerOnAgain(), "first", OLD);
  });

  test("an image that is stored without an attempt is not booted", async () => {
    await device.powerOn();
    await device.store(1, "second");
    await expectBoot(await device.reset(), "first", OLD);
    await device.asAgent((slots) => slots.attempt(1));
    await device.revert();
    await expectBoot(await powerOnAgain(), "first", OLD);
  });

  test.each(["missing", "damaged"] satisfies Kernel[])(
    "a trial whose kernel is %s is back without help",
    async (kernel) => {
      await device.powerOn();
      await device.install(1, "second", kernel);
      await expectBoot(await device.reset(), "first", OLD);
      await expectBoot(await device.reset(), "first", OLD);
    },
  );

  test("a trial that is no file system is back without help", async () => {
    await device.powerOn();
    await device.asAgent(async (slots) => {
      await slots.erase(1, 70_000);
      await slots.write(1, 0, new Uint8Array(70_000).fill(0x5a));
      await slots.attempt(1);
    });
    await expectBoot(await device.reset(), "first", OLD);
  });

  test("a trial that crashes is back without help", async () => {
    await device.powerOn();
    await device.install(1, "second", "resets");
    expect(await device.reset()).toMatchObject({ label: "second", slot: 1 });
    await expectBoot(await device.next(), "first", OLD);
    await expectBoot(await powerOnAgain(), "first", OLD);
  });

  test("updates in turn into slots 1, 0 and 1, with a failed trial between", async () => {
    await startTrial();
    await device.confirm();
    await device.install(0, "third");
    expect(await device.reset()).toMatchObject({ label: "third", slot: 0 });
    expect(await device.reset()).toMatchObject({ label: "second", slot: 1 });
    await device.install(0, "fourth");
    expect(await device.reset()).toMatchObject({ label: "fourth", slot: 0 });
    await device.confirm();
    await expectBoot(await device.reset(), "fourth", OLD);
    await device.install(1, "fifth");
    expect(await powerOnAgain()).toMatchObject({ label: "fifth", slot: 1 });
    await device.confirm();
    await expectBoot(await powerOnAgain(), "fifth", CONFIRMED);
  });

  describe("power cut while the agent writes the record", () => {
    /** Makes a change, then boots each state of the disk that a power cut can leave of it. */
    const bootEachState = async (change: (slots: Slots) => Promise<void>, check: () => Promise<void>) => {
      const [before, after] = await device.asAgent(async (slots) => {
        const read = device.readRecord();
        await change(slots);
        return [read, device.readRecord()];
      });
      const states = device.board.tornWrites(before, after);
      expect(states.length).toBeGreaterThan(1);
      for (const sectors of states) {
        await device.cutPower();
        device.writeRecord(mixSectors(before, after, sectors));
        await check();
      }
    };
    /** Checks that a trial which is not confirmed now is never booted again. */
    const expectRevert = async () => await expectBoot(await device.reset(), "first", OLD);

    test("attempt: the old image boots, or the new one on trial", async () => {
      await device.powerOn();
      await device.store(1, "second");
      await bootEachState(
        (slots) => slots.attempt(1),
        async () => {
          const booted = await device.powerOn();
          if (booted.slot === 1) await expectBoot(booted, "second", TRIAL);
          await (booted.slot === 1 ? expectRevert() : expectBoot(booted, "first", OLD));
        },
      );
    });

    test("confirm: the old image boots, or the new one for good", async () => {
      await startTrial();
      await bootEachState(
        (slots) => slots.accept(),
        async () => {
          const booted = await device.powerOn();
          const [label, view] =
            booted.slot === 1 ? (["second", CONFIRMED] as const) : (["first", OLD] as const);
          await expectBoot(booted, label, view);
          if (booted.slot === 1) await expectBoot(await device.reset(), label, view);
        },
      );
    });

    test("revert: the old image boots", async () => {
      await startTrial();
      await bootEachState(
        (slots) => slots.revert(),
        async () => {
          await expectBoot(await device.powerOn(), "first", OLD);
        },
      );
    });
  });

  describe("power cut while the boot loader writes its record", () => {
    /** Cuts the power at each write of the next boot that changes the disk, and boots again after each cut. */
    const cutAtEachWrite = async (check: () => Promise<void>) => {
      await device.cutPower();
      const before = device.readDisk();
      await device.powerOn();
      const cuts = cutsBetween(device.disk.writes);
      expect(cuts.length).toBeGreaterThan(1);
      for (const cut of cuts) {
        await device.cutPower();
        device.writeDisk(before);
        await device.powerOnUntil(cut);
        await check();
      }
    };

    test("first boot of a trial: the new image on trial, or the old one; and then an update works", async () => {
      await device.powerOn();
      await device.install(1, "second");
      await cutAtEachWrite(async () => {
        const booted = await device.powerOn();
        if (booted.slot === 1) {
          await expectBoot(booted, "second", TRIAL);
          await expectBoot(await device.reset(), "first", OLD);
        } else await expectBoot(booted, "first", OLD);
        await device.install(1, "third");
        await expectBoot(await device.reset(), "third", TRIAL);
        await device.confirm();
        await expectBoot(await powerOnAgain(), "third", CONFIRMED);
      });
    });

    test("boot after a trial: the old image, and it stays", async () => {
      await startTrial();
      await cutAtEachWrite(async () => {
        await expectBoot(await device.powerOn(), "first", OLD);
        await expectBoot(await device.reset(), "first", OLD);
      });
    });
  });
}
