import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { processState } from "./process-state.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-process-state-"));
});
afterEach(async () => await rm(folder, { recursive: true }));

test("the last text that was saved is loaded, by another process, too; nothing before the first", async () => {
  const path = join(folder, "new", "state.json");
  const state = processState(path);
  expect(await state.load()).toBeUndefined();
  await state.save("one");
  await state.save("two");
  expect(await processState(path).load()).toBe("two");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test.each([
  ["while it writes", { "state.json": "old", "state.json.new": "to" }, "old"],
  ["before the first file is removed", { "state.json": "old", "state.json.new": "torn?" }, "old"],
  ["between the two steps", { "state.json.new": "new" }, "new"],
])("a process that was killed %s leaves a whole text, also for the next save", async (_when, files, text) => {
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const state = processState(join(folder, "state.json"));
  expect(await state.load()).toBe(text);
  await state.save("next");
  expect(await processState(join(folder, "state.json")).load()).toBe("next");
  expect(await readdir(folder)).toEqual(["state.json"]);
});

test("it saves again after its folder was removed", async () => {
  const state = processState(join(folder, "removed", "state.json"));
  await state.save("one");
  await rm(join(folder, "removed"), { recursive: true });
  await state.save("two");
  expect(await state.load()).toBe("two");
});

test("a folder in its place is STATE_ACCESS with the path", async () => {
  const path = join(folder, "state.json");
  await mkdir(path);
  const message = expect.stringContaining(path);
  await expect(processState(path).load()).rejects.toMatchObject({ code: "STATE_ACCESS", message });
  await expect(processState(path).save("x")).rejects.toMatchObject({ code: "STATE_ACCESS", message });
});
