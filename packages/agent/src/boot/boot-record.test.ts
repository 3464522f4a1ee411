import { copyFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isFotaError } from "@fota/shared";
import { afterEach, beforeEach, expect, test } from "vitest";
import { initBootRecord, readBootRecord, writeBootRecord } from "./boot-record.js";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-record-"));
});
afterEach(async () => await rm(dir, { recursive: true }));

const trial = { currentSlot: 1, workingSlot: 0, trialBoots: 1 };
const copies = ["boot-record-a", "boot-record-b"];

test("an empty folder has no record", async () => {
  expect(await readBootRecord(dir)).toBeUndefined();
});

test("a record is read as it was written, in a folder that is made for it", async () => {
  const inner = join(dir, "not/yet");
  await writeBootRecord(inner, trial);
  expect(await readBootRecord(inner)).toEqual(trial);
});

test("a record of the first release is read", async () => {
  const golden = new URL("../../test/fixtures/boot-record-v1", import.meta.url);
  for (const name of copies) await copyFile(golden, join(dir, name));
  expect(await readBootRecord(dir)).toEqual(trial);
});

test.each(copies)("the loss of %s loses nothing", async (name) => {
  await initBootRecord(dir, 0);
  await writeBootRecord(dir, trial);
  await rm(join(dir, name));
  expect(await readBootRecord(dir)).toEqual(trial);
});

test("a copy torn at any byte leaves the old record or the new one", async () => {
  const old = await initBootRecord(dir, 0);
  const before = await Promise.all(copies.map((name) => readFile(join(dir, name))));
  await writeBootRecord(dir, trial);
  const after = await Promise.all(copies.map((name) => readFile(join(dir, name))));
  for (const [torn, whole] of [
    [0, 1],
    [1, 0],
  ] as const) {
    for (let length = 0; length < (after[torn]?.length ?? 0); length += 1) {
      for (const [other, expected] of [
        [before[whole], old],
        [after[whole], trial],
      ] as const) {
        await writeFile(join(dir, copies[torn] ?? ""), after[torn]?.subarray(0, length) ?? "");
        await writeFile(join(dir, copies[whole] ?? ""), other ?? "");
        expect(await readBootRecord(dir)).toEqual(expected);
      }
    }
  }
});

test("a write after a torn one starts with the torn copy", async () => {
  await writeBootRecord(dir, trial);
  await truncate(join(dir, "boot-record-b"), 20);
  const whole = await readFile(join(dir, "boot-record-a"), "utf8");
  await writeBootRecord(dir, { ...trial, trialBoots: 2 });
  await writeFile(join(dir, "boot-record-a"), whole);
  expect(await readBootRecord(dir)).toEqual({ ...trial, trialBoots: 2 });
});

test("a changed byte is noticed", async () => {
  await initBootRecord(dir, 0);
  const path = join(dir, "boot-record-a");
  await writeBootRecord(dir, trial);
  await writeFile(path, (await readFile(path, "utf8")).replace('"currentSlot":1', '"currentSlot":0'));
  expect(await readBootRecord(dir)).toEqual(trial);
});

test("two broken copies are an error that says how to repair the folder", async () => {
  for (const name of copies) await writeFile(join(dir, name), "torn");
  const error = await readBootRecord(dir).catch((thrown: unknown) => thrown);
  expect(isFotaError(error, "BOOT_RECORD_INVALID") && error.hint).toMatch(/--install IMAGE --force/);
});
