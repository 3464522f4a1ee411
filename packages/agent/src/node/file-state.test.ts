import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileState } from "./file-state.js";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-state-"));
});
afterEach(async () => await rm(dir, { recursive: true }));

test("nothing is loaded before the first save, then the last text", async () => {
  const state = fileState(join(dir, "not/yet/state.json"));
  expect(await state.load()).toBeUndefined();
  await state.save("one");
  await state.save("two");
  expect(await state.load()).toBe("two");
});

test("only its owner can read it, and nothing is left beside it", async () => {
  await fileState(join(dir, "state.json")).save("url");
  expect((await stat(join(dir, "state.json"))).mode & 0o777).toBe(0o600);
  expect(await readdir(dir)).toEqual(["state.json"]);
});

test("what a power cut left aside is not taken for the state", async () => {
  const state = fileState(join(dir, "state.json"));
  await state.save("whole");
  await writeFile(join(dir, "state.json.new"), "to");
  expect(await state.load()).toBe("whole");
  await state.save("next");
  expect(await state.load()).toBe("next");
});

test("a folder that cannot be written is STATE_ACCESS", async () => {
  await writeFile(join(dir, "file"), "");
  await expect(fileState(join(dir, "file/state.json")).save("x")).rejects.toMatchObject({
    code: "STATE_ACCESS",
  });
});
