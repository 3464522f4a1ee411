import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const FILE = `small-linux-${process.arch}`;
const isLinux = process.platform === "linux";
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fota-make-executable-"));
  for (const name of ["bin", "out", "tmp"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "main.cjs"), "");
  writeFileSync(join(folder, "out", FILE), "before");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Makes an executable in a process of its own, with `script` in place of strip, which runs in the middle. */
function make(script: string) {
  writeFileSync(join(folder, "bin/strip"), `#!/bin/sh\n[ "$1" = --version ] && exit\n${script}\n`);
  chmodSync(join(folder, "bin/strip"), 0o755);
  const program = { name: "small", entry: join(folder, "main.cjs"), codeCache: false };
  const args = [program, join(folder, "out")].map((arg) => JSON.stringify(arg));
  const url = new URL("make-executable.mjs", import.meta.url);
  const code = `import { makeExecutable } from ${JSON.stringify(url)};\nawait makeExecutable(${args.join()});`;
  const PATH = `${join(folder, "bin")}${delimiter}${process.env["PATH"]}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    env: { ...process.env, PATH, TMPDIR: join(folder, "tmp") },
    stdio: ["ignore", "inherit", "pipe"],
  });
  const stderr = child.stderr.setEncoding("utf8").toArray();
  return { child, ended: once(child, "exit"), stderr: async () => (await stderr).join("") };
}

/** What the run left: other files than the executable before. */
const left = () =>
  ["out", "tmp"].flatMap((name) => readdirSync(join(folder, name))).filter((name) => name !== FILE);
const kept = () => readFileSync(join(folder, "out", FILE), "utf8");

test.skipIf(!isLinux)("an error of a tool is reported, and keeps the executable before", async () => {
  const { ended, stderr } = make("echo no space left >&2; exit 2");
  expect(await ended).toEqual([1, null]);
  expect(await stderr()).toContain("no space left");
  expect(left()).toEqual([]);
  expect(kept()).toBe("before");
});

test.skipIf(!isLinux).each(["SIGTERM", "SIGINT"] as const)(
  "%s keeps the executable before, and leaves nothing",
  async (signal) => {
    const [began, go] = [join(folder, "began"), join(folder, "go")];
    execFileSync("mkfifo", [began, go]);
    const { child, ended } = make(`echo began > '${began}'; read _ < '${go}'`);
    await once(createReadStream(began, "utf8"), "data");
    expect(left()).toHaveLength(2);
    child.kill(signal);
    writeFileSync(go, "\n");
    expect(await ended).toEqual([null, signal]);
    expect(left()).toEqual([]);
    expect(kept()).toBe("before");
  },
);
