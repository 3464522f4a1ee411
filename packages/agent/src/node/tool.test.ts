import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { eventually } from "../../../shared/test/eventually.js";
import { readProcess } from "../boot/processes.js";
import { runTool, type ToolCall } from "./tool.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-tool-"));
});
afterEach(async () => await rm(folder, { recursive: true }));

const HINTS = { installHint: "install it", failureHint: "run it by hand" };

async function run(script: string, call: Partial<ToolCall> = {}): Promise<string> {
  const tool = join(folder, "tool");
  await writeFile(tool, `#!/bin/sh\n${script}\n`);
  await chmod(tool, 0o755);
  return await runTool(tool, ["one", "two words"], { ...HINTS, ...call });
}

test("passes arguments and input, and returns the output", async () => {
  expect(await run('echo "$#:$2:$(cat)"', { input: "abc" })).toBe("2:two words:abc\n");
});

test("a failure has the first lines of standard error, else the exit code or the signal", async () => {
  await expect(run("echo first >&2; echo second >&2; exit 3")).rejects.toMatchObject({
    code: "SLOT_ACCESS",
    message: expect.stringMatching(/tool failed: first; second$/),
    hint: "run it by hand",
  });
  await expect(run("exit 3")).rejects.toThrow(/tool failed: exit code 3$/);
  await expect(run("kill -9 $$")).rejects.toThrow(/tool failed: SIGKILL$/);
});

test("a tool that tells success or failure on standard output is heard", async () => {
  const done = { isDone: (stdout: string) => stdout.includes("done") };
  expect(await run("echo done; exit 1", done)).toBe("done\n");
  await expect(run("echo no; exit 1", done)).rejects.toThrow(/exit code 1$/);
  const reasonIn = (stdout: string) => /why: (.*)/.exec(stdout)?.[1];
  await expect(run("echo why: disk; exit 1", { reasonIn })).rejects.toThrow(/tool failed: disk$/);
});

test("a tool that hangs is killed with its children", async () => {
  const pids = join(folder, "pids");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const late = run(`sleep 1000 & echo $$ $! > ${pids}; wait`, { timeoutMs: 60_000 });
  const text = await eventually(async () => {
    const written = await readFile(pids, "utf8");
    expect(written).toMatch(/\n$/);
    return written;
  });
  vi.advanceTimersByTime(60_000);
  await expect(late).rejects.toThrow(/tool did not end within 60000 ms$/);
  const found = text.trim().split(" ").map(Number);
  expect(await Promise.all(found.map((pid) => readProcess(pid)))).toEqual([undefined, undefined]);
});

test("a missing tool is named, with what to install", async () => {
  await expect(runTool("fota-no-such-tool", [], HINTS)).rejects.toMatchObject({
    message: "fota-no-such-tool is not installed on this device",
    hint: "install it",
  });
});
