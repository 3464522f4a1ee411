import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

function run(file, ...args) {
  const path = join(import.meta.dirname, "..", file);
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

const USAGE = `usage: node bench/device-fleet.mjs [--quick] [--json] [--help] [--rounds 3] [--counts 100,1000,10000] [--size 1] [--idle 20] [--peers 1000]
with --quick: --rounds 1 --counts 60 --idle 3
`;

test("--help prints what a benchmark compares, and its options with their defaults", () => {
  const { status, stdout, stderr } = run("device-fleet.mjs", "--help");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^fota device --count, .*\n/);
  expect(stdout.replace(/^.*\n/, "")).toBe(USAGE);
});

test.each([
  { args: ["--count", "5"], message: /^Unknown option '--count'/ },
  { args: ["--counts"], message: /^Option '--counts <value>' argument missing\n/ },
  { args: ["100"], message: /^Unexpected argument '100'/ },
])("a benchmark refuses $args with its usage, without measuring", ({ args, message }) => {
  const { status, stdout, stderr } = run("device-fleet.mjs", ...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(message);
  expect(stderr.endsWith(`\n${USAGE}`)).toBe(true);
});

test("the usage names arguments without an option, and options without a default", () => {
  expect(run("delta.mjs", "--help").stdout).toMatch(/ \[--keep <text>\] \[part of a name \.\.\.\]\n$/);
});

test.each([
  { args: ["nosuch"], message: /^no benchmark has nosuch in its name; there are:\n {2}agent-download\n/ },
  { args: ["publish", "nosuch"], message: /^no benchmark has nosuch in its name/ },
  { args: ["--nosuch"], message: /^Unknown option '--nosuch'.*\nusage: / },
])("a run of all refuses $args before it builds", ({ args, message }) => {
  const { status, stdout, stderr } = run("run-all.mjs", "--build", ...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(message);
});

test("a run of all has help", () => {
  const { status, stdout, stderr } = run("run-all.mjs", "--help");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^usage: /);
});
