import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { overwriteDurably, setAside } from "./durable-files.js";
import { readProcess } from "./processes.js";
import { isPlainFile, readSmallFile } from "./small-file.js";

/**
 * Firmware keeps running when its launcher is killed with SIGKILL outside a service manager. The launcher therefore
 * records the process, and the next launcher kills it before it boots: two firmwares on one folder would interfere.
 */
const PID_FILE = "firmware.pid";
const PID_FILE_MAX_BYTES = 1024;

/** Records the firmware process `pid` in `dir`. */
export async function writePidFile(dir: string, pid: number): Promise<void> {
  const identity = await identityOf(pid);
  if (identity === undefined) return;
  const path = join(dir, PID_FILE);
  if (!(await isPlainFile(path))) await setAside(path); // opening a FIFO would block
  await overwriteDurably(path, `${pid} ${identity}\n`);
}

/** Returns the process id of a firmware that an earlier launcher started and that still runs. */
export async function findOrphan(dir: string): Promise<number | undefined> {
  const text = await readSmallFile(join(dir, PID_FILE), PID_FILE_MAX_BYTES).catch(() => "");
  const [, pid, identity] = /^(\d+) (.+)\n$/.exec(text) ?? [];
  return identity !== undefined && (await identityOf(Number(pid))) === identity ? Number(pid) : undefined;
}

/**
 * Returns boot id of the system and start time of a process: process ids are reused, these two together are not.
 * `undefined` if the process has ended.
 */
async function identityOf(pid: number): Promise<string | undefined> {
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => undefined);
  const found = await readProcess(pid);
  return boot === undefined || found === undefined ? undefined : `${boot.trim()} ${found.startTime}`;
}
