import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createOutput } from "./output.js";

function onTerminal(env: Record<string, string>, json = false) {
  const terminal = () => Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
  const [stdin, stdout, stderr] = [terminal(), terminal(), terminal()];
  const { signal } = new AbortController();
  const host = { env, cwd: "/", homeDir: "/", stdin, stdout, stderr, signal };
  return createOutput(host, { json, quiet: false, debug: false, color: false, globals: [] });
}

test("a person is asked on a terminal, but for --json", () => {
  expect(onTerminal({}).canAsk).toBe(true);
  expect(onTerminal({}, true).canAsk).toBe(false);
});

test("a build service that gives its jobs a terminal is not asked: it would wait without end", () => {
  expect(onTerminal({ CI: "true" }).canAsk).toBe(false);
});
