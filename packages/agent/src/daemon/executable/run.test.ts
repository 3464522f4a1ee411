import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../../../shared/test/eventually.js";
import { readProcess } from "../../boot/processes.js";
import { parseDeferral } from "./deferral.js";
import { environmentFor } from "./environment.js";
import { killAbandonedRuns, markRun, RUN_ID } from "./marks.js";
import { runExecutable } from "./run.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-executable-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function script(text: string, name = "hook"): string {
  const path = join(dir, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

function run(text: string, limitMs = 20_000, signal = new AbortController().signal) {
  const env = { PATH: process.env["PATH"], OUT: dir };
  return runExecutable({
    path: script(text),
    input: "in\n",
    env,
    limitMs,
    stateDir: dir,
    signal,
    log: () => {},
  });
}

/** Waits for the process ids that a script writes. */
async function pids(count: number): Promise<number[]> {
  return await eventually(() => {
    const found = readFileSync(join(dir, "pids"), "utf8").trim().split("\n").map(Number);
    expect(found).toHaveLength(count);
    return found;
  });
}

async function living(found: readonly number[]): Promise<number[]> {
  const processes = await Promise.all(found.map(readProcess));
  return processes.filter((facts) => facts !== undefined).map(({ pid }) => pid);
}

test("it gets the input and returns exit code and output", async () => {
  const { exitCode, stdout, stderr } = await run('cat; echo "last"; echo oops >&2; exit 7');
  expect([exitCode, stdout.firstLine(), stdout.lastLine(), stderr.end()]).toEqual([7, "in", "last", "oops"]);
  expect(readdirSync(join(dir, "fota-running"))).toEqual([]);
});

test("one that reads no input and prints without end keeps little in memory and is killed", async () => {
  const { exitCode, description, stdout } = await run("exec yes", 300);
  expect(exitCode).toBeUndefined();
  expect(description).toBe("did not end within 0.3 s and was killed");
  expect(stdout.end().length).toBeLessThanOrEqual(16 * 1024);
});

/** Starts a child, a daemon in its own session, and a daemon that has cleared its environment. */
const FAMILY = `
echo $$ >> $OUT/pids
sleep 600 & echo $! >> $OUT/pids
setsid sh -c 'echo $$ >> $OUT/pids; exec sleep 600' &
env -i OUT=$OUT setsid sh -c 'echo $$ >> $OUT/pids; exec sleep 600' &
wait`;

test("one that hangs is killed with its children, also those in other sessions", async () => {
  const ending = run(FAMILY, 3_000); // the shells have this long to start
  const found = await pids(4);
  expect((await ending).description).toMatch(/was killed/);
  expect(await living(found)).toEqual([]);
});

test("an abort kills it with its children, and rejects with the reason", async () => {
  const abort = new AbortController();
  const ending = run(FAMILY, 60_000, abort.signal);
  const found = await pids(4);
  abort.abort(new Error("stopped"));
  await expect(ending).rejects.toThrow("stopped");
  expect(await living(found)).toEqual([]);
});

test("a process that it leaves in the background keeps running and delays nothing", async () => {
  const { exitCode } = await run("sleep 600 & echo $! >> $OUT/pids");
  expect(exitCode).toBe(0);
  const [pid = 0] = await pids(1);
  expect(await living([pid])).toEqual([pid]);
  process.kill(pid, "SIGKILL");
});

test("what a killed daemon left running is killed, and nothing else", async () => {
  const start = (id: string) =>
    spawn("sleep", ["600"], {
      stdio: "ignore",
      detached: true,
      env: { ...process.env, [RUN_ID]: id },
    });
  const left = start(await markRun(dir));
  const other = start("0123456789abcdef");
  await eventually(() => expect(left.pid && other.pid).toBeTruthy());
  expect(await killAbandonedRuns(dir)).toContain(left.pid);
  expect(await living([other.pid ?? 0])).toEqual([other.pid]);
  other.kill("SIGKILL");
  expect(await killAbandonedRuns(dir)).toEqual([]);
});

test("one that a signal ends leaves no process behind", async () => {
  const ended = run('sleep 600 & echo $! > "$OUT/pids"; kill -9 $$');
  expect(await ended).toMatchObject({ exitCode: undefined, description: "killed by SIGKILL" });
  expect(await living(await pids(1))).toEqual([]);
});

test("a file in place of the marks is kept under another name, and runs are marked again", async () => {
  writeFileSync(join(dir, "fota-running"), "");
  expect(await killAbandonedRuns(dir)).toEqual([]);
  expect(readdirSync(dir)).toEqual(["fota-running.bad"]);
  expect((await run("exit 0")).exitCode).toBe(0);
});

test("one without an interpreter cannot be started, and says so", async () => {
  const path = join(dir, "bad");
  writeFileSync(path, "#!/no/such/interpreter\n", { mode: 0o755 });
  const signal = new AbortController().signal;
  const end = await runExecutable({
    path,
    input: "",
    env: {},
    limitMs: 1_000,
    stateDir: dir,
    signal,
    log: () => {},
  });
  expect(end.exitCode).toBeUndefined();
  expect(end.description).toMatch(/cannot be started: spawn .*ENOENT/);
});

test.each([
  ["30 a customer uses the machine", 30_000, "a customer uses the machine"],
  ["busy", 60_000, "busy"],
  ["", 60_000, "no reason given"],
  ["0", 1_000, "no reason given"],
  ["999999999 long", 86_400_000, "long"],
])("deferral %j", (line, deferMs, why) => {
  expect(parseDeferral(line)).toEqual({ deferMs, why });
});

test("facts become variables; those of the daemon are left out", () => {
  const env = { PATH: "/bin", FOTA_AGENT_KEY: "k", NOTIFY_SOCKET: "/run/n" };
  const facts = {
    thingName: "pump",
    image: { sizeBytes: 5, version: undefined },
    result: { detail: "a\0b" },
  };
  expect(environmentFor(env, facts)).toEqual({
    PATH: "/bin",
    FOTA_THING_NAME: "pump",
    FOTA_IMAGE_SIZE_BYTES: "5",
    FOTA_RESULT_DETAIL: "a b",
  });
});
