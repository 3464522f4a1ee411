import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cachePath, readFresh, writeFresh } from "./cache.js";

let folder: string;
let path: string;
const names = [{ value: "pump-1", description: "thing" }];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-cache-"));
  path = cachePath({ env: {}, homeDir: folder }, ["things", "eu-west-1"]);
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

test("names are kept for a minute, whole, and for nobody else to read", async () => {
  expect(await readFresh(path, Date.now())).toBeUndefined();
  await writeFresh(path, names);
  expect(await readFresh(path, Date.now())).toEqual(names);
  expect((await stat(path)).mode & 0o077).toBe(0);
  expect(await readdir(dirname(path))).toHaveLength(1);
  await utimes(path, new Date(), new Date(Date.now() - 61_000));
  expect(await readFresh(path, Date.now())).toBeUndefined();
});

test("a file that is broken counts as none", async () => {
  await writeFresh(path, names);
  await writeFile(path, "[{");
  expect(await readFresh(path, Date.now())).toBeUndefined();
});

test("each account, region and kind has its own, below XDG_CACHE_HOME where that is set", () => {
  const at = (...key: string[]) => cachePath({ env: { XDG_CACHE_HOME: "/cache" }, homeDir: folder }, key);
  expect(at("things", "eu-west-1")).not.toBe(at("things", "eu-west-2"));
  expect(at("things")).toMatch(/^\/cache\/fota\/complete-[0-9a-f]{32}\.json$/);
});
