import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { grubMissing, makeGrubBoard } from "./grub-board.js";
import { UEFI } from "./grub-firmware.js";
import type { LoaderBoard } from "./loader-device.js";
import { CONFIRMED, expectBoot, OLD, startTrial, TRIAL, useNewDevice } from "./new-device.js";
import { cutAtEachWrite } from "./power-cuts.js";

const missing = grubMissing(UEFI);
if (missing !== undefined) test.skip(`GRUB on UEFI in QEMU: ${missing}`, () => {});

describe.skipIf(missing !== undefined)("GRUB on UEFI with the boot script of docs/grub.md", () => {
  let dir: string;
  let board: LoaderBoard;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "fota-grub-board-"));
    board = await makeGrubBoard(dir, UEFI);
  });
  afterAll(async () => await rm(dir, { recursive: true }));

  // GRUB is the same program as on a BIOS, and a UEFI firmware is slow without KVM: so only what touches the firmware.
  const device = useNewDevice(() => board);

  test("a trial is reverted after a reset or a crash, and stays if it is confirmed", async () => {
    await startTrial(device());
    await expectBoot(device(), await device().reset(), "first", OLD);
    await device().install(1, "third", "resets");
    expect(await device().reset()).toMatchObject({ label: "third", slot: 1 });
    await expectBoot(device(), await device().next(), "first", OLD);
    await device().install(1, "fourth", "damaged");
    await expectBoot(device(), await device().reset(), "first", OLD);
    await device().install(1, "fifth");
    await expectBoot(device(), await device().powerCycle(), "fifth", TRIAL);
    await device().confirm();
    await expectBoot(device(), await device().powerCycle(), "fifth", CONFIRMED);
  });

  test("power cut while GRUB starts a trial: the old image boots, or the new one on trial", async () => {
    await device().powerOn();
    await device().install(1, "second");
    await cutAtEachWrite(device(), async () => {
      const booted = await device().powerOn();
      if (booted.slot === 0) return await expectBoot(device(), booted, "first", OLD);
      await expectBoot(device(), booted, "second", TRIAL);
    });
  });
});
