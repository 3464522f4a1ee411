import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { bootMatrix } from "./boot-matrix.js";
import { grubMissing, makeGrubBoard } from "./grub-board.js";
import type { LoaderBoard } from "./loader-device.js";

const missing = grubMissing();
if (missing !== undefined) test.skip(`GRUB in QEMU: ${missing}`, () => {});

describe.skipIf(missing !== undefined)("GRUB with the boot script of docs/grub.md", () => {
  let dir: string;
  let board: LoaderBoard;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "fota-grub-board-"));
    board = await makeGrubBoard(dir);
  });
  afterAll(async () => await rm(dir, { recursive: true }));

  bootMatrix(() => board);
});
