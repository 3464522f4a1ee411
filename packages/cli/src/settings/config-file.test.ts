import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ConfigFile, readConfigFile } from "./config-file.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-config-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

function read(cwd: string, path?: string): Promise<ConfigFile | undefined> {
  return readConfigFile({ cwd, homeDir: "/nobody", env: {} }, path, () => {});
}

async function write(content: unknown, name = "fota.config.json"): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

test("the file is found from a folder below it", async () => {
  await write({ bucket: "fw-releases", slot: 1 });
  const below = join(folder, "build", "out");
  await mkdir(below, { recursive: true });
  expect(await read(below)).toEqual({
    path: join(folder, "fota.config.json"),
    settings: { bucket: "fw-releases", slot: 1 },
  });
});

test("the nearest file wins, whole", async () => {
  await write({ bucket: "far", region: "eu-west-1" });
  const below = join(folder, "product");
  await mkdir(below);
  await write({ bucket: "near" }, "product/fota.config.json");
  expect((await read(below))?.settings).toEqual({ bucket: "near" });
});

test("no file is no error, but a file that was named must be there", async () => {
  expect(await read(folder)).toBeUndefined();
  await expect(read(folder, "other.json")).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("other.json"),
  });
});

describe("the search upward", () => {
  let below: string;

  beforeEach(async () => {
    await write({ bucket: "above" });
    below = join(folder, "project", "src");
    await mkdir(below, { recursive: true });
  });

  test.each([".git", ".hg", ".jj", ".svn"])("ends at the top of a repository: %s", async (mark) => {
    await mkdir(join(folder, "project", mark));
    expect(await read(below)).toBeUndefined();
    await write({ bucket: "top" }, "project/fota.config.json");
    expect((await read(below))?.settings).toEqual({ bucket: "top" });
  });

  test("ends at a worktree too, where .git is a file", async () => {
    await writeFile(join(folder, "project", ".git"), "gitdir: elsewhere");
    expect(await read(below)).toBeUndefined();
  });

  test("ends at the home folder, also when that is named by a link", async () => {
    const home = join(folder, "home");
    await symlink(join(folder, "project"), home);
    const host = { cwd: below, homeDir: home, env: {} };
    expect(await readConfigFile(host, undefined, () => {})).toBeUndefined();
    await write({ bucket: "home" }, "project/fota.config.json");
    expect((await readConfigFile(host, undefined, () => {}))?.settings).toEqual({ bucket: "home" });
  });

  test("a file that others can write counts as none, is reported, and is not even parsed", async () => {
    const path = await write("{planted", "project/fota.config.json");
    await chmod(path, 0o666);
    const warnings: string[] = [];
    const host = { cwd: below, homeDir: "/nobody", env: {} };
    const found = await readConfigFile(host, undefined, (warning) => warnings.push(warning));
    expect(found?.settings).toEqual({ bucket: "above" });
    expect(warnings).toEqual([
      `${path} is ignored: other users can write to it; to use it, name it with --config or FOTA_CONFIG`,
    ]);
  });

  test("a file that was named is trusted, whoever can write it", async () => {
    const path = await write({ bucket: "shared" }, "project/fota.config.json");
    await chmod(path, 0o666);
    expect((await read(below, path))?.settings).toEqual({ bucket: "shared" });
  });
});

test.each([
  ["text that is not JSON", "{bucket", /is not JSON/],
  ["a list", [], /must hold a JSON object/],
  ["a key that nobody reads", { buckets: "x" }, /unknown key "buckets"/],
  ["several of them", { buckets: "x", slotz: 1 }, /unknown key "buckets"; unknown key "slotz"/],
  ["a number as text", { slot: "1" }, /slot must be a number, got "1"/],
  ["a slot below the first", { slot: -1.5 }, /slot must be a whole number, got -1.5/],
  [
    "one slot where several belong",
    { slots: [1] },
    /slots must be a list of 2 to 9 different slot numbers, got \[1\]/,
  ],
  ["a slot twice", { slots: [0, 0] }, /slots must be a list of 2 to 9 different slot numbers, got \[0,0\]/],
  [
    "slots as text",
    { slots: ["0", "1"] },
    /slots must be a list of 2 to 9 different slot numbers, got \["0","1"\]$/,
  ],
  ["a word that is no choice", { presign: "me" }, /presign must be cli or iot, got "me"/],
  [
    "a list of other things",
    { legacyModels: [1, 2] },
    /: legacyModels must be a list of strings, got \[1,2\]$/,
  ],
  ["a rollout with a wrong key", { rollouts: { a: { rates: "1" } } }, /rollouts: a: unknown key "rates"/],
  [
    "a rollout with a wrong value",
    { rollouts: { a: { rate: 1 } } },
    /rollouts: a: rate must be a string, got 1/,
  ],
  ["a rollout that is none", { rollouts: { a: "fast" } }, /rollouts: a must be an object/],
  [
    "a price below nothing",
    { prices: { perJobAction: -1 } },
    /prices: perJobAction must be a number from 0 up/,
  ],
] as const)("%s is refused with the file's name", async (_what, content, says) => {
  const path = await write(content);
  const error = await read(folder).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringMatching(says) });
  expect(error).toMatchObject({ message: expect.stringContaining(path) });
});

test("a byte order mark, as Windows editors write it, is skipped", async () => {
  await write('\ufeff{"bucket": "fw-releases"}');
  expect((await read(folder))?.settings).toEqual({ bucket: "fw-releases" });
});

test("a file in UTF-16, as PowerShell writes it, is named as such", async () => {
  const path = join(folder, "fota.config.json");
  await writeFile(path, Buffer.from('\ufeff{"bucket": "fw-releases"}', "utf16le"));
  await expect(read(folder)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: `${path} is UTF-16, not UTF-8`,
  });
});

test("a value with a character that nobody sees is told by its key and that character", async () => {
  await write({ bucket: "fw-releases\n", rollouts: { slow: { abortOn: ["failed>10%\u00a0after 20"] } } });
  await expect(read(folder)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringMatching(
      /bucket ends with a line feed \(U\+000A\); rollouts: slow: abortOn holds a no-break space \(U\+00A0\) after 10/,
    ),
  });
});
