import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { openFilesLimit } from "./open-files.js";

test.each([
  ["Max open files            1024                 4096                 files", 1024],
  ["Max open files            unlimited            unlimited            files", undefined],
  ["", undefined],
])("by the limits %j, a process may open %j files", async (line, expected) => {
  expect(await openFilesLimit(async () => `Limit Soft Limit Hard Limit Units\n${line}\n`)).toBe(expected);
});

test("where /proc/self/limits cannot be read, the limit is unknown", async () => {
  expect(await openFilesLimit(() => Promise.reject(new Error("ENOENT")))).toBeUndefined();
});

test.runIf(process.platform === "linux")("the limit is that of this process", async () => {
  expect(`${await openFilesLimit(readFile)}\n`).toBe(
    execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }),
  );
});
