import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileSlots } from "../node/file-slots.js";
import { simulateBoot } from "./simulate-boot.js";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-simulate-"));
});
afterEach(async () => await rm(dir, { recursive: true }));

async function slotsAfterBoot() {
  const { slot } = await simulateBoot(dir);
  return fileSlots({ dir, runningSlot: slot, slotSizeBytes: 1024 });
}

test("a trial boots once and is reverted if it was not confirmed", async () => {
  const slots = await slotsAfterBoot();
  await slots.erase(1, 8);
  await slots.write(1, 0, new TextEncoder().encode("an image"));
  await slots.close(1);
  await slots.attempt(1);
  expect(await simulateBoot(dir)).toEqual({ slot: 1, trial: true });
  expect(await simulateBoot(dir)).toEqual({ slot: 0, trial: false });
});

test("a trial that was confirmed stays", async () => {
  const slots = await slotsAfterBoot();
  await slots.erase(1, 8);
  await slots.write(1, 0, new TextEncoder().encode("an image"));
  await slots.close(1);
  await slots.attempt(1);
  await (await slotsAfterBoot()).accept();
  expect(await simulateBoot(dir)).toEqual({ slot: 1, trial: false });
});
