import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { overwriteDurably, setAside } from "./durable-files.js";
import { factsOf } from "./processes.js";
import { isPlainFile, readSmallFile } from "./small-file.js";

/**
 * Firmware outlives a launcher that was killed with -9, as nothing on Linux but the service manager's control group
 * takes it along. So the launcher notes what it started, and the next one ends it before it boots anything: two
 * firmwares on one folder would work against each other.
 */
const NOTE = "firmware.pid";
const NOTE_MAX_BYTES = 1024;

/** Notes the firmware `pid` in `dir`. */
export async function noteFirmware(dir: string, pid: number): Promise<void> {
  const identity = await identityOf(pid);
  if (identity === undefined) return;
  const path = join(dir, NOTE);
  if (!(await isPlainFile(path))) await setAside(path); // to open a FIFO would wait for its other end
  await overwriteDurably(path, `${pid} ${identity}\n`);
}

/** Returns the process id of a firmware that an earlier launcher has noted in `dir` and that still runs. */
export async function notedFirmware(dir: string): Promise<number | undefined> {
  const note = await readSmallFile(join(dir, NOTE), NOTE_MAX_BYTES).catch(() => "");
  const [, pid, identity] = /^(\d+) (.+)\n$/.exec(note) ?? [];
  return identity !== undefined && (await identityOf(Number(pid))) === identity ? Number(pid) : undefined;
}

/** What tells one use of a process id from the next: boot of the system and start time. `undefined` when it has ended. */
async function identityOf(pid: number): Promise<string | undefined> {
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => undefined);
  const facts = await factsOf(pid);
  return boot === undefined || facts === undefined ? undefined : `${boot.trim()} ${facts.startTime}`;
}
