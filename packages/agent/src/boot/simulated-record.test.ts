import { mkdir, mkdtemp, rm, truncate } from "node:fs/promises";
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

test.each([
  ["boot-record-a", "boot-record-b"],
  ["boot-record-b", "boot-record-a"],
])("of a %s that a kill tore and an intact %s, the torn one is written first", async (torn, intact) => {
  await (await openSimulatedRecord(dir)).save({ currentSlot: 1, workingSlot: 1, trialBoots: 0 });
  await truncate(join(dir, torn), 20);
  const record = await openSimulatedRecord(dir, { lock: false });
  await rm(join(dir, intact));
  await mkdir(join(dir, intact)); // the second kill: this copy cannot be written any more
  const changed = scheduleTrial(await record.load(), 0);
  await expect(record.save(changed)).rejects.toMatchObject({ code: "SLOT_ACCESS" });
  expect(await readBootRecord(dir)).toEqual(changed);
});

test("after a save that reached only one copy, the other one is written first", async () => {
  const record = await openSimulatedRecord(dir);
  const [first, second] = ["boot-record-a", "boot-record-b"].map((name) => join(dir, name)) as [
    string,
    string,
  ];
  const trial = scheduleTrial(await record.load(), 1);
  await rm(second);
  await mkdir(second);
  await expect(record.save(trial)).rejects.toMatchObject({ code: "SLOT_ACCESS" });
  await rm(second, { recursive: true });
  await rm(first);
  await mkdir(first);
  const changed = { ...trial, trialBoots: 1 };
  await expect(record.save(changed)).rejects.toMatchObject({ code: "SLOT_ACCESS" });
  expect(await readBootRecord(dir)).toEqual(changed);
});

test("a folder that cannot be made is SLOT_ACCESS", async () => {
  await expect(openSimulatedRecord("/dev/null/device")).rejects.toMatchObject({ code: "SLOT_ACCESS" });
});
