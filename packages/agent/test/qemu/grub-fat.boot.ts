import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { FatLinux, missingForFat } from "./fat/fat-linux.js";
import { grubFat } from "./fat/grub-fat.js";
import { grubMissing, makeGrubBoard } from "./grub-board.js";
import { BIOS } from "./grub-firmware.js";
import type { LoaderBoard } from "./loader-device.js";
import { useNewDevice } from "./new-device.js";
import { powerCutTests } from "./power-cut-tests.js";

const missing = grubMissing(BIOS) ?? (await missingForFat());
if (missing !== undefined) test.skip(`GRUB with its block on FAT in QEMU: ${missing}`, () => {});

// What does not depend on the file system is in grub.boot.ts.
describe.skipIf(missing !== undefined)("GRUB with the block of docs/grub.md on FAT that Linux mounts", () => {
  let dir: string;
  let board: LoaderBoard;
  let linux: FatLinux;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "fota-grub-fat-"));
    linux = await FatLinux.start(dir);
    board = await makeGrubBoard(dir, BIOS, grubFat(linux));
  });
  afterAll(async () => {
    await linux?.stop();
    await rm(dir, { recursive: true });
  });

  powerCutTests(useNewDevice(() => board));
});
