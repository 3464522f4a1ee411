import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { COMMANDS } from "../src/daemon/commands.js";
import { runProgram } from "../src/daemon/program/program.js";
import { docBlock } from "./doc-block.js";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-agent-slots-"));
});
afterAll(async () => await rm(dir, { recursive: true }));

/** Runs a command line in this process. */
async function run(slots: object, ...argv: string[]): Promise<{ exit: number; out: string; err: string }> {
  const identity = { endpoint: "localhost", thingName: "pump", cert: "c", key: "k", ca: "a" };
  const config = join(dir, "agent.json");
  await writeFile(config, JSON.stringify({ ...identity, stateDir: dir, slots }));
  const [out, err]: [string[], string[]] = [[], []];
  const exit = await runProgram([...argv, "--config", config], COMMANDS, {
    env: {},
    service: {},
    cwd: dir,
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    onSignal: () => () => {},
  });
  return { exit, out: out.join(""), err: err.join("") };
}

test("check-slots runs the contract on the example of docs/command-slots.md", async () => {
  const command = join(dir, "slots");
  await writeFile(command, await docBlock("command-slots.md", "sh"));
  await chmod(command, 0o755);
  const { exit, out, err } = await run({ type: "command", command: [command] }, "check-slots", "--json");
  expect(err).toBe("");
  expect(JSON.parse(out).rules.filter(({ fault }: { fault?: string }) => fault !== undefined)).toEqual([]);
  expect(JSON.parse(out)).toMatchObject({ ok: true });
  expect(exit).toBe(0);
});

test("check-slots tells which rule a command breaks, or that it does not know the scratch folder", async () => {
  const command = join(dir, "broken");
  await writeFile(command, "#!/bin/sh\nexit 0\n");
  await chmod(command, 0o755);
  expect(await run({ type: "command", command: [command] }, "check-slots")).toMatchObject({
    exit: 1,
    err: expect.stringContaining("FOTA_SCRATCH"),
  });
  expect(await run({ type: "files" }, "check-slots")).toMatchObject({
    exit: 2,
    err: expect.stringContaining("slots.type is files, not command"),
  });
});

test.each([
  [["installl", "x"], 2, /there is no command "installl".*\nhint: run `fota-agent install`/],
  [["install"], 2, /FILE is missing/],
  [["status", "--jsn"], 2, /Unknown option '--jsn'/],
  [["status", "extra"], 2, /unexpected argument extra/],
])("%j is wrong usage", async (argv, exit, message) => {
  expect(await run({ type: "files" }, ...argv)).toMatchObject({ exit, err: expect.stringMatching(message) });
});

test("the version is that of the package", async () => {
  const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  const out: string[] = [];
  const host = { env: {}, service: {}, cwd: dir, err: () => {}, onSignal: () => () => {} };
  expect(await runProgram(["--version"], COMMANDS, { ...host, out: (text) => void out.push(text) })).toBe(0);
  expect(out).toEqual([`${version}\n`]);
});

test("each command has help", async () => {
  for (const name of Object.keys(COMMANDS)) {
    const { exit, out } = await run({ type: "files" }, name, "--help");
    expect(out).toMatch(new RegExp(`^Usage: fota-agent ${name}`));
    expect(exit).toBe(0);
  }
});
