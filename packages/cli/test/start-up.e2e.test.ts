import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Ended, FOTA, fota } from "./cli.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-start-"));
});
afterEach(async () => await rm(folder, { recursive: true }));

/** The modules of Node that a command line loads, as Node's own loader is asked for them. */
async function loadedBy(args: readonly string[]): Promise<{ code: number | null; modules: string[] }> {
  const list = join(folder, "loaded");
  const hook = join(folder, "hook.cjs");
  await writeFile(list, "");
  await writeFile(
    hook,
    `const Module = require("node:module");
const { appendFileSync } = require("node:fs");
const load = Module._load;
Module._load = function (id, ...more) {
  appendFileSync(${JSON.stringify(list)}, id + "\\n");
  return load.call(this, id, ...more);
};`,
  );
  const { code } = await fota(args, { NODE_OPTIONS: `--require=${hook}`, XDG_CACHE_HOME: folder });
  return { code, modules: (await readFile(list, "utf8")).trimEnd().split("\n") };
}

test.each([[["--version"]], [["--help"]], [["publish", "--help"]]])(
  "%j loads nothing that reaches a network: no AWS client, no stand-in, no MQTT",
  async (args) => {
    const { code, modules } = await loadedBy(args);
    expect(code).toBe(0);
    expect(modules).toContain("node:fs");
    expect(modules.filter((id) => /^(node:)?(https?2?|net|tls|dns)$/.test(id))).toEqual([]);
  },
);

describe("the cache of compiled code", () => {
  const help = () => fota(["status", "--help"], { XDG_CACHE_HOME: folder });
  const cacheFiles = async () =>
    (await readdir(join(folder, "fota"))).map((name) => join(folder, "fota", name));
  const works = ({ code, stdout, stderr }: Ended) => {
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Usage: fota status");
  };

  test("is written by the first run, for its user alone, and used as it is by the next", async () => {
    works(await help());
    const [path = ""] = await cacheFiles();
    const made = await stat(path);
    expect(made.mode & 0o077).toBe(0);
    works(await help());
    expect((await stat(path)).mtimeMs).toBe(made.mtimeMs);
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ["a bit was flipped", (bytes) => Buffer.from(bytes.map((byte, i) => (i === 5000 ? byte ^ 1 : byte)))],
    ["the end is missing", (bytes) => bytes.subarray(0, bytes.length / 2)],
    ["it is empty", () => Buffer.alloc(0)],
  ])("is made anew when %s", async (_what, damage) => {
    works(await help());
    const [path = ""] = await cacheFiles();
    const whole = await readFile(path);
    await writeFile(path, damage(whole));
    works(await help());
    const again = await readFile(path);
    expect(Math.abs(again.length - whole.length)).toBeLessThan(whole.length / 10);
    const { mtimeMs } = await stat(path);
    works(await help());
    expect((await stat(path)).mtimeMs).toBe(mtimeMs);
  });

  test("is not used when other users may have written it", async () => {
    works(await help());
    const [path = ""] = await cacheFiles();
    await chmod(path, 0o666);
    works(await help());
    expect((await stat(path)).mode & 0o077).toBe(0); // it was made anew
  });

  test("is made anew where a FIFO is in its place, which is not waited for", async () => {
    works(await help());
    const [path = ""] = await cacheFiles();
    await rm(path);
    expect(spawnSync("mkfifo", [path]).status).toBe(0);
    works(await help());
    expect((await stat(path)).isFile()).toBe(true);
  });

  const daysAgo = (days: number) => Date.now() / 1000 - days * 24 * 3600;

  /** Puts files into the cache that were last used some days ago; returns their names. */
  async function addFiles(days: Readonly<Record<string, number>>): Promise<string[]> {
    await mkdir(join(folder, "fota"), { recursive: true });
    for (const [name, ago] of Object.entries(days)) {
      await writeFile(join(folder, "fota", name), "");
      await utimes(join(folder, "fota", name), daysAgo(ago), daysAgo(ago));
    }
    return Object.keys(days);
  }

  test("goes when another release takes its place and its time of use is two days old", async () => {
    works(await help());
    const [path = ""] = await cacheFiles();
    const ofHash = (hash: string) => basename(path).replace(/-[0-9a-f]+\.cjs/, `-${hash}.cjs`);
    await rm(path);
    const [gone = "", cut = "", ...kept] = await addFiles({
      [ofHash("0123456789")]: 2.1,
      [`${ofHash("0123456789")}.4321`]: 2.1,
      // A run up to a day later left the time as it was.
      [ofHash("abcdef0123")]: 1.9,
      [ofHash("0123456789").replace(process.version, "v1.2.3")]: 2.1,
      [ofHash("0123456789").replace("code-", "code-other-")]: 2.1,
    });
    works(await help());
    const names = await readdir(join(folder, "fota"));
    expect(names).toEqual(expect.arrayContaining([basename(path), ...kept]));
    expect(names).not.toContain(gone);
    expect(names).not.toContain(cut);
  });

  test("goes when it was not used for a month, and nothing else does", async () => {
    const [gone = "", ...kept] = await addFiles({
      "code-status-main-0123456789.cjs-v20.19.0-x64": 31,
      "code-status-main-abcdef0123.cjs-v20.19.0-x64": 29,
      "code-review-notes-0123456789.cjs-v20.19.0-x64.bak": 31,
      "code-My notes-main-0123456789.cjs-v20.19.0-x64": 31,
      "code-status-main-0.cjs-v20.19.0-x64": 31,
      "names.json": 31,
    });
    works(await help());
    const names = await readdir(join(folder, "fota"));
    expect(names).toEqual(expect.arrayContaining(kept));
    expect(names).not.toContain(gone);
  });

  test("counts as used by each run, also where no run writes a new one", async () => {
    works(await help());
    const paths = await cacheFiles();
    for (const path of paths) await utimes(path, daysAgo(40), daysAgo(40));
    const [gone = ""] = await addFiles({ "code-status-main-0123456789.cjs-v20.19.0-x64": 31 });
    works(await help());
    expect(await cacheFiles()).toEqual(paths);
    for (const path of paths) expect((await stat(path)).mtimeMs).toBeGreaterThan(daysAgo(1) * 1000);
    expect(await readdir(join(folder, "fota"))).not.toContain(gone);
  });

  test("is left out where its folder refuses", async () => {
    await writeFile(join(folder, "fota"), "a file");
    works(await help());
    await rm(join(folder, "fota"));
    await mkdir(join(folder, "fota"));
    works(await fota(["status", "--help"], { XDG_CACHE_HOME: "/proc/nope" }));
  });

  test("a run that failed leaves it for the next that fails, and one that does not fail makes it whole", async () => {
    const fails = ["status", "none", "--region", "us-east-1", "--endpoint-url", "http://127.0.0.1:1"];
    const account = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", XDG_CACHE_HOME: folder };
    const times = async () =>
      await Promise.all((await cacheFiles()).map(async (path) => (await stat(path)).mtimeMs));
    expect((await fota(fails, account)).code).toBe(1);
    const failed = await times();
    expect(failed.length).toBeGreaterThan(0);
    expect((await fota(fails, account)).code).toBe(1);
    expect(await times()).toEqual(failed);
    works(await help());
    const whole = await times();
    expect(whole).not.toEqual(failed);
    works(await help());
    expect((await fota(fails, account)).code).toBe(1);
    expect(await times()).toEqual(whole);
  });

  test("is not written by a run of wrong usage: it may not have compiled what a command needs", async () => {
    expect((await fota(["status", "--no-such-option"], { XDG_CACHE_HOME: folder })).code).toBe(2);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("without a home", () => {
  test("a user id that the system does not know gets the answer that others get", async () => {
    const unknownUser = join(folder, "unknown-user.cjs");
    await writeFile(
      unknownUser,
      `const os = require("node:os");
os.homedir = os.userInfo = () => { throw new Error("uv_os_homedir returned ENOENT"); };`,
    );
    const { HOME: _home, AWS_PROFILE: _profile, AWS_CONFIG_FILE: _config, ...env } = process.env;
    const args = [FOTA, "list", "--region", "us-east-1", "--endpoint-url", "http://127.0.0.1:1"];
    const { stderr } = spawnSync(process.execPath, ["--require", unknownUser, ...args], {
      cwd: folder,
      env: { ...env, XDG_CACHE_HOME: folder, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
      encoding: "utf8",
    });
    expect(stderr).toContain("(ENDPOINT_UNREACHABLE)");
  });

  test.each(["", "relative"])("HOME=%j leaves nothing in the working folder", async (home) => {
    const env = { ...process.env, HOME: home, XDG_CACHE_HOME: home };
    expect(spawnSync(process.execPath, [FOTA, "list", "--help"], { cwd: folder, env }).status).toBe(0);
    expect(await readdir(folder)).toEqual([]);
  });
});

test("a working folder that was deleted is one line and exit code 2, not a stack", () => {
  const inDeleted = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"';
  const command = [process.execPath, FOTA, "list", "--no-color"];
  const { status, stderr } = spawnSync("sh", ["-c", inDeleted, "sh", ...command], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(stderr).toBe(
    "error: the working folder no longer exists (USAGE)\nhint: cd to a folder that exists\n",
  );
  expect(status).toBe(2);
});
