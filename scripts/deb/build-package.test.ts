import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createReadStream, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { callWithTools, filesLeft, makeToolFolder, replaceTool } from "../tool-run.js";

const SPEC = {
  fields: { Package: "small", Version: "1.0", Architecture: "all", Maintainer: "A <a@example.com>" },
  description: ["a small package", "For a test."],
  files: [{ path: "usr/share/small/text", text: "text\n" }],
  scripts: {},
};
const BROKEN = 'for file; do :; done; echo broken > "$file"';
const hasDpkgDeb = spawnSync("dpkg-deb", ["--version"]).status === 0;
let folder: string;
let file: string;

beforeEach(() => {
  folder = makeToolFolder();
  file = join(folder, "out", "small.deb");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Makes the package in a process of its own, with `script` in place of dpkg-deb. */
function build(script?: string) {
  if (script !== undefined) replaceTool(folder, "dpkg-deb", script);
  const args = [SPEC, file, { epochSeconds: 1, compression: ["-Zgzip"] }];
  return callWithTools(folder, new URL("build-package.mjs", import.meta.url), "buildPackage", args);
}

/** What the build left: the staging folder was in tmp. */
const left = () => filesLeft(folder);

test.skipIf(!hasDpkgDeb)("a package replaces the one before, and leaves nothing else", async () => {
  writeFileSync(file, "before");
  expect(await build().ended).toEqual([0, null]);
  expect(execFileSync("dpkg-deb", ["--field", file, "Package"], { encoding: "utf8" })).toBe("small\n");
  expect(left()).toEqual(["small.deb"]);
});

test("an error of dpkg-deb is reported, and keeps the package before", async () => {
  writeFileSync(file, "before");
  const { ended, stderr } = build(`${BROKEN}; echo no space left >&2; exit 2`);
  expect(await ended).toEqual([1, null]);
  expect(await stderr()).toContain("Error: dpkg-deb: no space left\n");
  expect(left()).toEqual(["small.deb"]);
  expect(readFileSync(file, "utf8")).toBe("before");
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s ends dpkg-deb with its children, and leaves nothing",
  async (signal) => {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    // The child of dpkg-deb holds the FIFO open until it ends.
    const { child, ended } = build(`${BROKEN}; exec > '${fifo}'; echo began; sleep 600 & wait`);
    const output = createReadStream(fifo, "utf8");
    const outputEnded = once(output, "end");
    expect(await once(output, "data")).toEqual(["began\n"]);
    expect(left()).toHaveLength(2);
    child.kill(signal);
    expect(await ended).toEqual([null, signal]);
    expect(left()).toEqual([]);
    await outputEnded;
  },
);
