import { execFile } from "node:child_process";
import { lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
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

test("the file behind a link is replaced, not the link", async () => {
  const [file, link] = [join(folder, "file"), join(folder, "link")];
  await writeFile(file, "old");
  await symlink(file, link);
  await writeWholeFile(link, "new", { replace: true });
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
  expect(await readFile(file, "utf8")).toBe("new");
});

test("a pipe, as a stand-in for /dev/null, is never replaced", async () => {
  const pipe = join(folder, "pipe");
  await promisify(execFile)("mkfifo", [pipe]);
  const writing = writeWholeFile(pipe, "x", { replace: true });
  await expect(writing).rejects.toThrow("it exists and is not a regular file");
  expect((await stat(pipe)).isFIFO()).toBe(true);
  expect(await readdir(folder)).toEqual(["pipe"]);
});
