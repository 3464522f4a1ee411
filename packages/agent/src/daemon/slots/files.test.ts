import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readFolderId } from "../../boot/boot-id.js";
import { initBootRecord } from "../../boot/boot-record.js";
import { writePidFile } from "../../boot/orphan.js";
import { filesAdapter } from "./files.js";

let dir: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-files-"));
  for (const slot of [0, 1]) await writeFile(join(dir, `slot-${slot}`), "image");
  await initBootRecord(dir, 0);
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(dir, { recursive: true });
});

/** Starts a process as `fota-boot` starts a firmware. */
async function startFirmware(slot: number, bootId: string): Promise<ChildProcess> {
  const env = { PATH: process.env["PATH"], FOTA_SLOT: String(slot), FOTA_BOOT_ID: bootId };
  const child = spawn("sleep", ["600"], { env, detached: true });
  children.push(child);
  await once(child, "spawn");
  await writePidFile(dir, child.pid ?? 0);
  return child;
}

const open = async (env: Record<string, string> = {}) =>
  await filesAdapter.open(
    { type: "files", dir, slotSizeBytes: 1024, slotCount: 2 },
    { stateDir: "/nowhere", env, log: () => {} },
  );

describe.skipIf(process.platform !== "linux")("beside fota-boot", () => {
  test("the slot is the one that fota-boot runs", async () => {
    await startFirmware(1, "a");
    const { slots, isRunning } = await open();
    expect(await slots.record()).toMatchObject({ runningSlot: 1 });
    expect(await isRunning?.()).toBe(true);
    await startFirmware(0, "b");
    expect(await isRunning?.()).toBe(false);
  });

  test("a restart notes the request for its boot and stops the firmware", async () => {
    const first = await startFirmware(0, "boot-1");
    const { slots } = await open();
    const restarted = slots.restart();
    await once(first, "exit");
    expect(first.signalCode).toBe("SIGTERM");
    await startFirmware(1, "boot-2");
    await restarted;
    expect(await readFile(join(dir, "reset-request"), "utf8")).toBe("boot-1\n");
  });

  test("two restarts at once, of a command and of the agent, are one", async () => {
    const first = await startFirmware(0, "boot-1");
    const { slots } = await open();
    const restarts = [slots.restart(), slots.restart()];
    expect(restarts[0]).toBe(restarts[1]);
    await once(first, "exit");
    await startFirmware(1, "boot-2");
    await Promise.all(restarts);
  });

  test("a restart that is repeated does not end the trial that it has started", async () => {
    await startFirmware(0, "boot-1");
    const { slots } = await open();
    const trial = await startFirmware(1, "boot-2");
    await slots.restart();
    expect(trial.exitCode).toBeNull();
    expect(trial.signalCode).toBeNull();
  });

  test("the next boot is told once", async () => {
    await startFirmware(0, "boot-1");
    const { onBoot } = await open();
    let boots = 0;
    const told = new Promise<void>((resolve) => {
      onBoot?.(() => {
        boots += 1;
        resolve();
      });
    });
    await startFirmware(1, "boot-2");
    await told;
    expect(boots).toBe(1);
  });

  test("without a firmware, the error names the command that starts it", async () => {
    await expect(open()).rejects.toMatchObject({
      code: "RUNNING_SLOT_UNKNOWN",
      hint: expect.stringContaining(`start fota-boot --dir ${dir}`),
    });
  });
});

test("inside the firmware, the slot is that of the environment", async () => {
  const env = { FOTA_DIR: dir, FOTA_SLOT: "1", FOTA_BOOT_ID: `${await readFolderId(dir)}-1` };
  const { slots, onBoot } = await open(env);
  expect(await slots.record()).toMatchObject({ runningSlot: 1 });
  expect(onBoot).toBeUndefined();
});
