import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createReadStream, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { callWithTools, filesLeft, makeToolFolder, replaceTool } from "../tool-run.js";

const FILE = `small-linux-${process.arch}`;
const isLinux = process.platform === "linux";
let folder: string;

beforeEach(() => {
  folder = makeToolFolder();
  writeFileSync(join(folder, "main.cjs"), "");
  writeFileSync(join(folder, "out", FILE), "before");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Makes an executable in a process of its own, with `script` in place of strip, which runs in the middle. */
function make(script: string) {
  replaceTool(folder, "strip", `[ "$1" = --version ] && exit\n${script}`);
  const program = { name: "small", entry: join(folder, "main.cjs"), codeCache: false };
  const module = new URL("make-executable.mjs", import.meta.url);
  return callWithTools(folder, module, "makeExecutable", [program, join(folder, "out")]);
}

/** What the run left: other files than the executable before. */
const left = () => filesLeft(folder).filter((name) => name !== FILE);
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
