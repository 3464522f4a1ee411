import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LoaderBoard } from "./loader-device.js";
import { CONFIRMED, expectBoot, OLD, startTrial, TRIAL, useNewDevice } from "./new-device.js";
import { cutInWrites } from "./power-cuts.js";
import { makeUefiBoard, uefiMissing } from "./uefi/uefi-board.js";

/** A boot takes 7 s of processor time, and a test makes up to 7. */
const LIMIT_MS = 900_000;

const missing = await uefiMissing();
if (missing !== undefined) test.skip(`a UEFI firmware in QEMU: ${missing}`, () => {});

describe.skipIf(missing !== undefined)("a UEFI firmware with the boot entries of docs/uefi.md", () => {
  let dir: string;
  let board: LoaderBoard;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "fota-uefi-board-"));
    board = await makeUefiBoard(dir);
  }, LIMIT_MS);
  afterAll(async () => await rm(dir, { recursive: true }));

  const device = useNewDevice(() => board);

  test("a trial is reverted after a reset or a panic, and stays if it is confirmed", {
    timeout: LIMIT_MS,
  }, async () => {
    await startTrial(device());
    await expectBoot(device(), await device().reset(), "first", OLD);
    await device().install(1, "third", "resets");
    expect(await device().reset()).toMatchObject({ label: "third", slot: 1 });
    await expectBoot(device(), await device().next(), "first", OLD);
    await device().install(1, "fourth");
    await expectBoot(device(), await device().powerCycle(), "fourth", TRIAL);
    await device().confirm();
    await expectBoot(device(), await device().powerCycle(), "fourth", CONFIRMED);
  });

  test("a trial whose loader is missing or damaged is back in the same boot", {
    timeout: LIMIT_MS,
  }, async () => {
    await device().powerOn();
    for (const kernel of ["missing", "damaged"] as const) {
      await device().install(1, "second", kernel);
      await expectBoot(device(), await device().reset(), "first", OLD);
    }
  });

  test("a revert on trial boots the old image, and the next update works", {
    timeout: LIMIT_MS,
  }, async () => {
    await startTrial(device());
    await device().revert();
    await expectBoot(device(), await device().powerCycle(), "first", OLD);
    await device().install(1, "third");
    await expectBoot(device(), await device().reset(), "third", TRIAL);
  });

  test("power cut while the agent schedules a trial: the old image boots, or the new one on trial", {
    timeout: LIMIT_MS,
  }, async () => {
    await device().powerOn();
    await device().store(1, "second");
    const slots = new Set<number>();
    await cutInWrites(
      device(),
      () => device().asAgent((port) => port.attempt(1)),
      async () => {
        const booted = await device().powerOn();
        slots.add(booted.slot);
        if (booted.slot === 0) await expectBoot(device(), booted, "first", OLD);
        else await expectBoot(device(), booted, "second", TRIAL);
      },
    );
    expect([...slots].sort()).toEqual([0, 1]);
  });

  test("power cut while the agent confirms: the old image boots, or the new one for good", {
    timeout: LIMIT_MS,
  }, async () => {
    await startTrial(device());
    const slots = new Set<number>();
    await cutInWrites(
      device(),
      () => device().confirm(),
      async () => {
        const booted = await device().powerOn();
        slots.add(booted.slot);
        if (booted.slot === 0) await expectBoot(device(), booted, "first", OLD);
        else await expectBoot(device(), booted, "second", CONFIRMED);
      },
    );
    expect([...slots].sort()).toEqual([0, 1]);
  });
});
