import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkHandlers } from "./handlers.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-check-handlers-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const check = (folder = dir) => checkHandlers({ dir: folder, timeLimitSeconds: 1 });
const write = (name: string, text = "#!/bin/sh\n") => writeFileSync(join(dir, name), text, { mode: 0o755 });

test("handlers are listed; without any, or without a folder, there is nothing to check", async () => {
  expect(await check()).toEqual([{ check: "other jobs", status: "skipped", message: `none in ${dir}` }]);
  expect(await check(join(dir, "absent"))).toMatchObject([{ status: "skipped" }]);
  write("reboot");
  write("collect-logs");
  expect(await check()).toEqual([{ check: "other jobs", status: "ok", message: "collect-logs, reboot" }]);
});

test("one that cannot run, one that no job can name, and a folder that is a file are found", async () => {
  write("collect-logs", "#!/no/such/interpreter\n");
  write("collect logs");
  expect(await check()).toMatchObject([
    { status: "warn", message: `${dir}/collect logs cannot be the name of an operation and is ignored` },
    { status: "fail", message: expect.stringContaining("needs the interpreter /no/such/interpreter") },
  ]);
  expect(await check(join(dir, "collect-logs"))).toMatchObject([
    { status: "fail", message: expect.stringContaining("a part of the path is not a folder (ENOTDIR)") },
  ]);
});
