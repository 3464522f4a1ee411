import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { LoaderBoard } from "./loader-device.js";
import { CONFIRMED, expectBoot, OLD, startTrial, TRIAL, useNewDevice } from "./new-device.js";
import { powerCutTests } from "./power-cut-tests.js";
import { cutAtEachWrite } from "./power-cuts.js";
import { makeUbootBoard, ubootMissing } from "./uboot-board.js";
import { updateTests } from "./update-tests.js";

const missing = ubootMissing();
if (missing !== undefined) test.skip(`U-Boot in QEMU: ${missing}`, () => {});

describe.skipIf(missing !== undefined)("U-Boot with the environment of docs/uboot.md", () => {
  let dir: string;
  let board: LoaderBoard;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "fota-uboot-board-"));
    board = await makeUbootBoard(dir);
  });
  afterAll(async () => await rm(dir, { recursive: true }));

  const device = useNewDevice(() => board);
  updateTests(device);
  powerCutTests(device);

  test("power cut while U-Boot saves its default environment: the next boot saves it", async () => {
    await cutAtEachWrite(device(), async () => {
      await expectBoot(device(), await device().powerOn(), "first", OLD);
    });
  });

  test("with both copies of the environment lost, slot 0 boots with the default one, and updates work", async () => {
    await startTrial(device());
    await device().confirm();
    await expectBoot(device(), await device().reset(), "second", CONFIRMED);
    device().writeRecord(new Uint8Array(board.recordArea.sizeBytes).fill(0xff));
    await expectBoot(device(), await device().powerCycle(), "first", OLD);
    await device().install(1, "third");
    await expectBoot(device(), await device().reset(), "third", TRIAL);
  });
});
