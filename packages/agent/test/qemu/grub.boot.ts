import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { grubMissing, makeGrubBoard } from "./grub-board.js";
import { BIOS } from "./grub-firmware.js";
import type { LoaderBoard } from "./loader-device.js";
import { expectBoot, OLD, startTrial, TRIAL, useNewDevice } from "./new-device.js";
import { powerCutTests } from "./power-cut-tests.js";
import { updateTests } from "./update-tests.js";

const missing = grubMissing(BIOS);
if (missing !== undefined) test.skip(`GRUB in QEMU: ${missing}`, () => {});

describe.skipIf(missing !== undefined)("GRUB on a BIOS with the boot script of docs/grub.md", () => {
  let dir: string;
  let board: LoaderBoard;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "fota-grub-board-"));
    board = await makeGrubBoard(dir, BIOS);
  });
  afterAll(async () => await rm(dir, { recursive: true }));

  const device = useNewDevice(() => board);
  updateTests(device);
  powerCutTests(device);

  test("a trial that cannot be recorded, because the disk refuses writes, is not booted", async () => {
    await device().powerOn();
    await device().install(1, "second");
    device().disk.isReadOnly = true;
    expect(await device().reset()).toMatchObject({ label: "first", slot: 0 });
    expect(await device().powerCycle()).toMatchObject({ label: "first", slot: 0 });
    device().disk.isReadOnly = false;
    await expectBoot(device(), await device().reset(), "second", TRIAL);
  });

  test("with a damaged block, slot 0 boots, and the agent reports it and schedules no trial", async () => {
    await startTrial(device());
    const record = device().readRecord();
    const block = record.indexOf("# GRUB Environment Block");
    record.fill(0xff, block, block + 512);
    device().writeRecord(record);
    expect(await device().powerCycle()).toMatchObject({ label: "first", slot: OLD.runningSlot });
    await expect(device().view()).rejects.toMatchObject({ code: "BOOT_RECORD_INVALID" });
    await expect(device().install(1, "third")).rejects.toMatchObject({ code: "BOOT_RECORD_INVALID" });
  });
});
