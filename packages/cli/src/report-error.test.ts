import { PassThrough } from "node:stream";
import { FotaError } from "@fota/shared";
import { CommanderError } from "commander";
import { expect, test } from "vitest";
import { textIn } from "../test/text-in.js";
import { UsageError } from "./help/usage-error.js";
import type { Host } from "./host.js";
import { reportError } from "./report-error.js";

function report(error: unknown, { json = false, aborted = false, globals = [] as string[] } = {}) {
  const stderr = new PassThrough();
  const stdout = new PassThrough();
  const signal = aborted ? AbortSignal.abort() : new AbortController().signal;
  const host: Host = { env: {}, cwd: "/", homeDir: "/", stdin: new PassThrough(), stdout, stderr, signal };
  const exitCode = reportError(error, host, { json, color: true, globals });
  return { exitCode, stderr: textIn(stderr), stdout: textIn(stdout) };
}

test("an error is its message with its code, and a line of what to do", () => {
  const error = new FotaError("THING_NOT_FOUND", "there is no thing pump-9", { hint: "check its spelling" });
  expect(report(error)).toEqual({
    exitCode: 1,
    stderr: "error: there is no thing pump-9 (THING_NOT_FOUND)\nhint: check its spelling\n",
    stdout: "",
  });
});

test("the command of a hint has the global options, for people and for programs", () => {
  const hint = { text: "run <command> to see how it ended", command: ["status", "a"] };
  const error = new FotaError("JOB_ENDED", "job a is COMPLETED", { hint });
  const globals = ["--profile", "my fleet", "--local"];
  expect(report(error, { globals }).stderr).toContain(
    'hint: run `fota status a --profile "my fleet" --local` to see how it ended\n',
  );
  expect(JSON.parse(report(error, { globals, json: true }).stderr)).toMatchObject({
    error: { hint: 'run `fota status a --profile "my fleet" --local` to see how it ended' },
  });
});

test("wrong usage of a command shows its usage line, for people and for programs", () => {
  const error = new UsageError("missing argument", { usage: "fota show <job-id>", hint: "run it" });
  expect(report(error)).toMatchObject({
    exitCode: 2,
    stderr: "error: missing argument (USAGE)\nusage: fota show <job-id>\nhint: run it\n",
  });
  expect(JSON.parse(report(error, { json: true }).stderr)).toMatchObject({
    error: { usage: "fota show <job-id>", hint: "run it" },
  });
});

test("with --json it is one line of JSON on stderr", () => {
  const { stderr, stdout } = report(new FotaError("JOB_EXISTS", "job a exists"), { json: true });
  expect(stderr).toBe('{"error":{"code":"JOB_EXISTS","message":"job a exists"}}\n');
  expect(stdout).toBe("");
});

test.each([
  ["wrong usage", new FotaError("TARGET_INVALID", "no"), 2],
  ["a known reason", new FotaError("ACCESS_DENIED", "no"), 1],
  ["an interruption", new FotaError("INTERRUPTED", "no"), 130],
  ["a bug", new TypeError("x is not a function"), 70],
] as const)("%s has its own exit code", (_what, error, exitCode) => {
  expect(report(error).exitCode).toBe(exitCode);
});

test("--help and --version end well and say nothing more", () => {
  expect(report(new CommanderError(0, "commander.version", "1.0"))).toMatchObject({
    exitCode: 0,
    stderr: "",
  });
});

test("a bug comes with its stack and asks for a report", () => {
  const { stderr } = report(new TypeError("x is not a function"));
  expect(stderr).toMatch(/^error: TypeError: x is not a function\n\s+at /);
  expect(stderr).toMatch(/\(BUG\)\nhint: this is a bug in fota/);
});

test("whatever a command throws after Ctrl-C, it was interrupted", () => {
  const error = new FotaError("ENDPOINT_UNREACHABLE", "socket closed");
  expect(report(error, { aborted: true })).toMatchObject({
    exitCode: 130,
    stderr: "error: interrupted (INTERRUPTED)\n",
  });
});
