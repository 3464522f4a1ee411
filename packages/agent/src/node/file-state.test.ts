import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
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

test("a temporary file from a power cut is not read as the state", async () => {
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

const REFUSING: readonly (readonly [string, (path: string) => Promise<unknown>])[] = [
  ["a folder", async (path) => await mkdir(join(path, "in it"), { recursive: true })],
  ["a link to itself", async (path) => await symlink(path, path)],
  ["a FIFO", async (path) => execFileSync("mkfifo", [path])],
  ["a link to a device without an end", async (path) => await symlink("/dev/zero", path)],
  ["a link to what gives EIO", async (path) => await symlink("/proc/self/mem", path)],
  [
    "a file that is far too long",
    async (path) => {
      await writeFile(path, "");
      await truncate(path, 1024 ** 3);
    },
  ],
];

test.runIf(process.platform === "linux").each(REFUSING)(
  "%s under its name is set aside, told loudly, and saved over",
  async (_what, put) => {
    const path = join(dir, "state.json");
    await put(path);
    const told: string[] = [];
    const state = fileState(path, (level, message) => void told.push(`${level}: ${message}`));
    expect(await state.load()).toBe("");
    expect(told).toEqual([expect.stringMatching(/^error: THE SAVED STATE IS LOST: .*state\.json\.bad$/)]);
    expect(await state.load()).toBeUndefined();
    await state.save("next");
    expect(await state.load()).toBe("next");
  },
);

test.runIf(process.platform === "linux").each(REFUSING)(
  "%s under its name is saved over unread",
  async (_what, put) => {
    const path = join(dir, "state.json");
    await put(path);
    await fileState(path).save("next");
    expect(await fileState(path).load()).toBe("next");
  },
);
