import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isAlive } from "../../test/boot-device.js";
import { newBootId, readFolderId } from "./boot-id.js";
import { killLeftovers } from "./leftovers.js";

const DAEMON = "echo $$; exec sleep 600";

let dir: string;
let bootId: string;
const started: number[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-left-"));
  bootId = newBootId(await readFolderId(dir));
  await writeFile(join(dir, "daemon"), `#!/bin/sh\n${DAEMON}\n`, { mode: 0o755 });
});
afterEach(async () => {
  for (const pid of started.splice(0)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // it has ended, as it should
    }
  }
  await rm(dir, { recursive: true });
});

/** Starts a shell in its own session; resolves with it and the process id that it prints. */
async function start(
  script: string,
  env: Record<string, string>,
): Promise<{ shell: ChildProcess; pid: number }> {
  const shell = spawn("sh", ["-c", script], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
    cwd: dir,
  });
  const [text] = (await once(shell.stdout, "data")) as [Buffer];
  const pid = Number(text.toString());
  started.push(pid, shell.pid ?? pid);
  return { shell, pid };
}

/** Resolves when `pid` has come from its shell to the program. */
async function executes(pid: number, program: string): Promise<void> {
  while ((await readlink(`/proc/${pid}/exe`)) !== program) await new Promise(setImmediate);
}

// Without control groups, as on a system that has none or lets this user make none.
const end = (sessions: number[] = []) => killLeftovers({ dir, sessions, groups: [] });

describe("found by the mark in its environment", () => {
  test.each([
    ["a daemon that called setsid", "setsid ./daemon & wait"],
    ["a daemon that forked twice", "(setsid sh -c './daemon &' &)"],
    ["a daemon that ignores every signal it can", "trap '' TERM HUP INT; setsid ./daemon & wait"],
    ["a process that is stopped", "setsid sh -c 'echo $$; kill -STOP $$' & wait"],
  ])("%s is gone when it resolves", async (_, script) => {
    const { pid } = await start(script, { FOTA_BOOT_ID: bootId });
    const { daemons, survivors } = await end();
    expect(daemons).toContain(pid);
    expect(survivors).toEqual([]);
    expect(await isAlive(pid)).toBe(false);
  });

  test("a process of another boot of the folder is ended too", async () => {
    const { pid } = await start(DAEMON, { FOTA_BOOT_ID: newBootId(await readFolderId(dir)) });
    await end();
    expect(await isAlive(pid)).toBe(false);
  });

  test("what is started while the others are killed is found as well", async () => {
    // Each notices the death of the one before and takes over; bounded, so that a failure leaves nothing for long.
    const heir = 'i=$1; [ $i -gt 0 ] || exit; (setsid sh -c "$0" "$0" $((i - 1)) & wait) & sleep 0.01; wait';
    const { pid } = await start(`setsid sh -c '${heir}' '${heir}' 40 & echo $$; exec sleep 600`, {
      FOTA_BOOT_ID: bootId,
    });
    await end();
    expect(await isAlive(pid)).toBe(false);
    expect((await end()).daemons).toEqual([]);
  });
});

test("found by its session: what has a clean environment", async () => {
  const { shell, pid } = await start("env -i sh -c 'echo $$; exec sleep 600' & wait", {});
  expect((await end([shell.pid ?? 0])).daemons).toEqual([]); // it has not left the session
  expect(await isAlive(pid)).toBe(false);
});

test("found by its program: what executes a slot, also one that was replaced", async () => {
  await copyFile("/bin/sleep", join(dir, "slot-1"));
  const { pid } = await start(`env -i setsid ${dir}/slot-1 600 & echo $!; wait`, {});
  await executes(pid, join(dir, "slot-1"));
  await rm(join(dir, "slot-1"));
  expect((await end()).daemons).toEqual([pid]);
  expect(await isAlive(pid)).toBe(false);
});

test.each([
  ["a process of another folder", { FOTA_BOOT_ID: "0123456789ab-0123456789abcdef" }],
  ["a process that only knows the folder", { FOTA_DIR: "dir" }],
])("%s is left alone", async (_, env) => {
  const { pid } = await start(DAEMON, env);
  expect(await end()).toEqual({ daemons: [], survivors: [] });
  expect(await isAlive(pid)).toBe(true);
});
