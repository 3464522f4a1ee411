import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
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

const whole = {
  ...trial,
  bootId: "0123456789ab-0123456789abcdef",
  lastResort: true as const,
  confirmed: [{ slot: 0, sizeBytes: 5, sha256: "ab".repeat(32) }],
};
const failed = { ...whole, failure: "slot 1 failed on trial (exit 3)" };

test.each([
  ["boot-record-v1-digests", whole],
  ["boot-record-v1-failure", failed],
])("a record with all that was added since is read, as it was written first: %s", async (name, record) => {
  const golden = new URL(`../../test/fixtures/${name}`, import.meta.url);
  for (const copy of copies) await copyFile(golden, join(dir, copy));
  expect(await readBootRecord(dir)).toEqual(record);
});

test("the first release reads the records of this one: the same version, and its fields as they were", async () => {
  await writeBootRecord(dir, failed);
  for (const name of copies) {
    const text = await readFile(join(dir, name), "utf8");
    const [, digest, json = ""] = /^([0-9a-f]{64}) (\{.*\})\n$/.exec(text) ?? [];
    expect(createHash("sha256").update(json).digest("hex")).toBe(digest);
    const first = { version: 1, sequence: 1, currentSlot: 1, workingSlot: 0, trialBoots: 1 };
    expect(JSON.parse(json)).toMatchObject(first);
  }
});

test("what cannot be told of the added fields is left out, and costs no record", async () => {
  const added = {
    bootId: 7,
    lastResort: "yes",
    confirmed: [null, 1, { slot: 0, sizeBytes: -1, sha256: "x" }],
    failure: 3,
  };
  const json = JSON.stringify({ version: 1, sequence: 1, ...trial, ...added });
  const sha256 = createHash("sha256").update(json).digest("hex");
  for (const name of copies) await writeFile(join(dir, name), `${sha256} ${json}\n`);
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

/** What the disk can have under a name in place of a copy. */
const UNREADABLE: [what: string, make: (path: string) => unknown][] = [
  ["that gives EIO", (path) => symlink("/proc/self/mem", path)],
  ["that is a folder", (path) => mkdir(join(path, "lost+found"), { recursive: true })],
  ["that is a link to itself", (path) => symlink(path, path)],
  ["that is a pipe", (path) => spawnSync("mkfifo", [path])],
  ["that is a device", (path) => symlink("/dev/zero", path)],
  ["of a gigabyte", (path) => writeFile(path, "").then(() => truncate(path, 2 ** 30))],
];
const inEachCopy = UNREADABLE.flatMap(([what, make]) => copies.map((name) => ({ what, make, name })));

test.each(inEachCopy)("a copy $what counts as no copy and is replaced: $name", async ({ make, name }) => {
  await writeBootRecord(dir, trial);
  await rm(join(dir, name));
  await make(join(dir, name));
  expect(await readBootRecord(dir)).toEqual(trial);

  await writeBootRecord(dir, { ...trial, trialBoots: 2 });
  for (const copy of copies) {
    expect((await lstat(join(dir, copy))).isFile()).toBe(true);
    expect(await readFile(join(dir, copy), "utf8")).toMatch(/"trialBoots":2\}\n$/);
  }
});

test.each(UNREADABLE)("two copies %s are a record that is lost, and can be written anew", async (_, make) => {
  for (const name of copies) await make(join(dir, name));
  const error = await readBootRecord(dir).catch((thrown: unknown) => thrown);
  expect(isFotaError(error, "BOOT_RECORD_INVALID")).toBe(true);
  await writeBootRecord(dir, trial);
  for (const name of copies) expect((await lstat(join(dir, name))).isFile()).toBe(true);
  expect(await readBootRecord(dir)).toEqual(trial);
});

test("a text with a checksum that is no record is a damaged copy", async () => {
  await writeBootRecord(dir, trial);
  const sha256 = createHash("sha256").update("{no json}").digest("hex");
  await writeFile(join(dir, "boot-record-a"), `${sha256} {no json}\n`);
  expect(await readBootRecord(dir)).toEqual(trial);
});
