import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { textIn } from "../test/text-in.js";
import { contextOn } from "./context.js";
import type { Host } from "./host.js";
import { createProgram, run } from "./program.js";
import { collect, takesPath } from "./settings/flags.js";

function hostOf(env: Host["env"] = {}, stdout = new PassThrough()) {
  return {
    env,
    cwd: "/",
    homeDir: "/",
    stdin: new PassThrough(),
    stdout,
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
    expect(textIn(host.stderr)).toContain(`${flag} takes one value, got "${value}" and "${value}"`);
  },
);

test("global options before and after the command are the same option", async () => {
  const host = hostOf();
  expect(await run(["--region", "eu-west-1", "list", "--region", "us-east-1"], host)).toBe(2);
  expect(textIn(host.stderr)).toContain('--region takes one value, got "eu-west-1" and "us-east-1"');
});

const paths = options.filter(({ takesPath }) => takesPath);

test("the options that take paths are those that are known", () => {
  expect(paths.map(({ line }) => line)).toEqual([
    "list --config",
    "publish --passphrase-file",
    "publish --keys",
    "publish --document",
    "rollout --fleet",
    "rehearse --fleet",
    "rehearse --save",
    "rehearse --html",
    "rehearse --passphrase-file",
    "rehearse --keys",
    "rehearse --document",
    "show --key",
    "report --out",
    "dashboard --token-file",
    "keygen --passphrase-file",
    "sign --passphrase-file",
    "sign --out",
    "verify --keys",
    "doctor --keys",
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
    expect(textIn(host.stderr)).toContain(`${flag} must be a path, got "${value}"`);
  },
);

async function help(args: string[], env: Host["env"] = {}, terminal?: { columns: number }): Promise<string> {
  const stdout = Object.assign(new PassThrough(), terminal && { isTTY: true, ...terminal });
  expect(await run(args, hostOf(env, stdout))).toBe(0);
  return textIn(stdout);
}

test.each([
  ["fota", [], ["help"]],
  ["fota", ["--help"], ["help"]],
  ["a command", ["publish", "--help"], ["help", "publish"]],
])("help of %s is the same whichever way it is asked for: %j, %j", async (_what, one, other) => {
  expect(await help(one)).toBe(await help(other));
});

test("the help of fota has its commands in groups, and says where the rest is explained", async () => {
  const text = await help([]);
  expect(text.match(/^\S.*:$/gm)).toEqual([
    "Publish:",
    "Follow:",
    "Fix:",
    "Sign:",
    "Set up:",
    "Try without AWS:",
    "Shell and help:",
  ]);
  expect(text).toContain("`fota help options`");
  expect(text).toMatch(/^Documentation: https:/m);
});

test.each(
  program.commands.filter((command) => command.name() !== "complete").map((command) => command.name()),
)(
  "the help of %s ends with examples, the global options in one line, and the documentation",
  async (command) => {
    const text = await help([command, "--help"]);
    expect(text).toMatch(/^ +(\$|bash|zsh|fish) .*fota /m);
    expect(text).toMatch(/\nGlobal options .*\nDocumentation: https:.*\n$/);
    expect(text).not.toContain("--endpoint-url <url>");
  },
);

test("every global option is explained in one place", async () => {
  const text = await help(["help", "options"]);
  for (const { long, hidden } of program.options) if (!hidden) expect(text).toContain(long);
});

test.each([
  [undefined, 80],
  [60, 60],
  [80, 80],
  [200, 100],
])("help on a terminal of %s columns is as wide, up to 100", async (columns, widest) => {
  const text = await help(
    ["retry", "--help"],
    { NO_COLOR: "1" },
    columns === undefined ? undefined : { columns },
  );
  const lines = text.split("\n").filter((line) => !line.startsWith("  $"));
  const width = Math.max(...lines.map((line) => line.length));
  expect(width).toBeLessThanOrEqual(widest);
  expect(width).toBeGreaterThan(widest - 10);
});

test.each([
  ["bold on a terminal", [], {}, { columns: 80 }, true],
  ["plain in a file", [], {}, undefined, false],
  ["plain with NO_COLOR", [], { NO_COLOR: "1" }, { columns: 80 }, false],
  ["plain with --no-color", ["--no-color"], {}, { columns: 80 }, false],
])("titles of help are %s", async (_how, more, env, terminal, isBold) => {
  const text = await help(["publish", "--help", ...more], env, terminal);
  expect(text.includes("\u001b[1mExamples:\u001b[22m")).toBe(isBold);
  expect(text.includes("\u001b")).toBe(isBold);
});

test.each([
  [["show"], 'missing required argument "job-id"', "fota show [options] [job-id]", "run `fota show --help`"],
  [
    ["status", "--wait"],
    'missing required argument "job-id"',
    "fota status [options] [job-id]",
    "run `fota status --help`",
  ],
  [
    ["show", "a", "b"],
    'too many arguments for "show"',
    "fota show [options] [job-id]",
    "run `fota show --help`",
  ],
  [
    ["publish", "a", "--dryrun"],
    'unknown option "--dryrun"',
    "fota publish [options] <image...>",
    "did you mean --dry-run?",
  ],
  [["list", "--regoin", "x"], 'unknown option "--regoin"', "fota list [options]", "did you mean --region?"],
  [
    ["device"],
    'missing required option "--thing <name>"',
    "fota device --thing <name> [options]",
    "run `fota device --help`",
  ],
  [["pubish"], 'unknown command "pubish"', "fota <command> [options]", "did you mean publish?"],
  [["help", "pubish"], 'unknown command "pubish"', "fota <command> [options]", "did you mean publish?"],
  [["help", "option"], 'unknown command "option"', "fota <command> [options]", "did you mean options?"],
  [
    ["list", "--region"],
    "--region <name> needs a value",
    "fota <command> [options]",
    "run `fota help options`",
  ],
  [
    ["completion", "tcsh"],
    'shell must be bash, zsh or fish, got "tcsh"',
    "fota completion [options] <shell>",
    "run `fota completion --help`",
  ],
  [
    ["device", "--thing", "a", "--fail", "boom"],
    '--fail must be boot, self-test or hang, got "boom"',
    "fota device --thing <name> [options]",
    "run `fota device --help`",
  ],
  [["--local"], "no command is given", "fota <command> [options]", "run `fota --help`"],
])("wrong usage shows what is wrong and the usage line: %j", async (args, message, usage, hint) => {
  const host = hostOf();
  expect(await run(args, host)).toBe(2);
  const text = textIn(host.stderr);
  expect(text).toContain(`error: ${message}`);
  expect(text).toContain(`\nusage: ${usage}\nhint: ${hint}`);
});

test.each(["-v", "-V", "--version"])("%s prints the version", async (flag) => {
  expect(await help(["--json", flag])).toMatch(/^\d+\.\d+\.\d+\n$/);
});
