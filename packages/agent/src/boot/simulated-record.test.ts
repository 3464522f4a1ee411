import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readBootRecord, writeBootRecord } from "./boot-record.js";
import { scheduleTrial } from "./next-boot.js";
import { openSimulatedRecord } from "./simulated-record.js";

let dir: string;
beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), "fota-simulated-")), "new");
});
afterEach(async () => await rm(join(dir, ".."), { recursive: true }));

test("in an empty folder, slot 0 is confirmed and boots", async () => {
  const record = await openSimulatedRecord(dir);
  expect(record.boot()).toEqual({ slot: 0, trial: false });
  expect(await readBootRecord(dir)).toEqual({ currentSlot: 0, workingSlot: 0, trialBoots: 0 });
});

test("a trial boots once; one that was not confirmed is reverted by the next process, too", async () => {
  const record = await openSimulatedRecord(dir);
  await record.save(scheduleTrial(await record.load(), 1));
  expect(record.boot()).toEqual({ slot: 1, trial: true });
  const after = await openSimulatedRecord(dir, { lock: false });
  expect(await after.load()).toEqual(await record.load());
  expect(after.boot()).toEqual({ slot: 0, trial: false });
});

test("continues with the record of fota-boot, and fota-boot with its record", async () => {
  const confirmed = { currentSlot: 1, workingSlot: 1, trialBoots: 0 };
  await writeBootRecord(dir, { ...confirmed, currentSlot: 0 });
  await writeBootRecord(dir, confirmed);
  const record = await openSimulatedRecord(dir);
  expect(record.boot()).toEqual({ slot: 1, trial: false });
  const changed = scheduleTrial(await record.load(), 0);
  await record.save(changed);
  expect(await readBootRecord(dir)).toEqual(changed);
});

test("a folder that cannot be made is SLOT_ACCESS", async () => {
  await expect(openSimulatedRecord("/dev/null/device")).rejects.toMatchObject({ code: "SLOT_ACCESS" });
});
