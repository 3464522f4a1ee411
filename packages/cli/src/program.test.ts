import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { contextOn } from "./context.js";
import type { Host } from "./host.js";
import { createProgram, run } from "./program.js";
import { collect, takesPath } from "./settings/flags.js";

function hostOf(): Host & { stderr: PassThrough } {
  return {
    env: {},
    cwd: "/",
    homeDir: "/",
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    signal: new AbortController().signal,
  };
}

const host = hostOf();
const program = createProgram(contextOn(host), host, () => {});
const options = [program, ...program.commands].flatMap((command) =>
  command.options
    .filter(({ required, optional }) => required || optional)
    .map((option) => ({
      line: `${command === program ? "list" : command.name()} ${option.long}`,
      repeatable: option.parseArg === collect,
      takesPath: takesPath(option),
      value: option.argChoices?.[0] ?? "1",
    })),
);

test("there are options of both kinds", () => {
  expect(options.filter(({ repeatable }) => repeatable).length).toBeGreaterThan(5);
  expect(options.filter(({ repeatable }) => !repeatable).length).toBeGreaterThan(20);
});

test.each(options.filter(({ repeatable }) => !repeatable))(
  "a second value is refused, not taken in silence: $line",
  async ({ line, value }) => {
    const host = hostOf();
    const [command = "", flag = ""] = line.split(" ");
    expect(await run([command, flag, value, `${flag}=${value}`], host)).toBe(2);
    expect(String(host.stderr.read())).toContain(`${flag} takes one value, got "${value}" and "${value}"`);
  },
);

test("global options before and after the command are the same option", async () => {
  const host = hostOf();
  expect(await run(["--region", "eu-west-1", "list", "--region", "us-east-1"], host)).toBe(2);
  expect(String(host.stderr.read())).toContain('--region takes one value, got "eu-west-1" and "us-east-1"');
});

const paths = options.filter(({ takesPath }) => takesPath);

test("the options that take paths are those that are known", () => {
  expect(paths.map(({ line }) => line)).toEqual([
    "list --config",
    "show --key",
    "local --dir",
    "device --dir",
    "device --ca",
    "device --cert",
    "device --key",
    "device --passphrase-file",
  ]);
});

test.each(paths.flatMap((path) => ["", " "].map((value) => ({ ...path, value }))))(
  "an empty path is refused, not taken as the working folder: $line $value",
  async ({ line, value }) => {
    const host = hostOf();
    const [command = "", flag = ""] = line.split(" ");
    expect(await run([command, `${flag}=${value}`], host)).toBe(2);
    expect(String(host.stderr.read())).toContain(`${flag} must be a path, got "${value}"`);
  },
);
