import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeWholeFile } from "./whole-file.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-whole-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a new file has the permissions that were asked for, and leaves nothing beside it", async () => {
  const path = join(folder, "key.pem");
  await writeWholeFile(path, "secret", { mode: 0o600, replace: false });
  expect(await readFile(path, "utf8")).toBe("secret");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(["key.pem"]);
});

test("a file that is there stays as it is unless it may be replaced", async () => {
  const path = join(folder, "key.pem");
  await writeFile(path, "first");
  await expect(writeWholeFile(path, "second", { replace: false })).rejects.toMatchObject({ code: "EEXIST" });
  expect(await readFile(path, "utf8")).toBe("first");
  await writeWholeFile(path, "second", { replace: true });
  expect(await readFile(path, "utf8")).toBe("second");
  expect(await readdir(folder)).toEqual(["key.pem"]);
});

test("a folder that is missing is the system's error", async () => {
  const writing = writeWholeFile(join(folder, "none", "a"), "x", { replace: true });
  await expect(writing).rejects.toMatchObject({ code: "ENOENT" });
});
