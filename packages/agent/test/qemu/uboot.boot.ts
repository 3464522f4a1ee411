import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { bootMatrix } from "./boot-matrix.js";
import type { LoaderBoard } from "./loader-device.js";
import { makeUbootBoard, ubootMissing } from "./uboot-board.js";

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

  bootMatrix(() => board);
});
