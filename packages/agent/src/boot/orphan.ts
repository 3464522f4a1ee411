import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { overwriteDurably } from "./durable-files.js";

/**
 * Firmware outlives a launcher that was killed with -9, as nothing on Linux but the service manager's control group
 * takes it along. So the launcher notes what it started, and the next one ends it before it boots anything: two
 * firmwares on one folder would confirm each other's trials.
 */
const NOTE = "firmware.pid";

export async function noteFirmware(dir: string, pid: number): Promise<void> {
  const identity = await identityOf(pid);
  if (identity !== undefined) await overwriteDurably(join(dir, NOTE), `${pid} ${identity}\n`);
}

/** Kills what an earlier launcher left running in `dir`; resolves with its process id when it is gone. */
export async function endOrphan(dir: string): Promise<number | undefined> {
  const note = await readFile(join(dir, NOTE), "utf8").catch(() => "");
  const [, pidText, identity] = /^(\d+) (.+)\n$/.exec(note) ?? [];
  const pid = Number(pidText);
  if (identity === undefined || (await identityOf(pid)) !== identity) return undefined;
  killGroup(pid, "SIGKILL");
  while ((await identityOf(pid)) === identity) await sleep(10);
  return pid;
}

/** Signals a firmware and all that it started: it leads its own process group. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // the group is gone, which is what a signal to it is for
  }
}

/** What tells one use of a process id from the next: boot and start time (proc(5)). `undefined` when it has ended. */
async function identityOf(pid: number): Promise<string | undefined> {
  try {
    const [boot, stat] = await Promise.all([
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
      readFile(`/proc/${pid}/stat`, "utf8"),
    ]);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // from field 3; the name before may hold anything
    const [state, startTime] = [fields[0], fields[19]];
    return state === "Z" || state === "X" ? undefined : `${boot.trim()} ${startTime}`;
  } catch {
    return undefined;
  }
}
