import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
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

test("a folder in its place is STATE_ACCESS with the path", async () => {
  const path = join(folder, "state.json");
  await mkdir(path);
  const message = expect.stringContaining(path);
  await expect(processState(path).load()).rejects.toMatchObject({ code: "STATE_ACCESS", message });
  await expect(processState(path).save("x")).rejects.toMatchObject({ code: "STATE_ACCESS", message });
});
