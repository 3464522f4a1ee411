import { realpath } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { BOOT_ID, readFolderId } from "./boot-id.js";
import { type FirmwareGroup, killGroup, processesIn } from "./control-group.js";
import { listProcesses, type ProcessInfo, readEnvironment, readProgram, signalProcess } from "./processes.js";

/** Time for processes to end after SIGKILL. One that waits for a dead disk may never end. */
const GIVE_UP_AFTER_MS = 10_000;
const RESCAN_DELAY_MS = 20;
/** Scans in a row that must find nothing: one scan can miss a process that forks and exits while /proc is read. */
const CLEAN_SCANS = 2;

/** What identifies the processes of a firmware, even after it has ended. */
export interface FirmwareTraces {
  /** Slot folder: identifies programs in its slots, and processes with the id of one of its boots. */
  dir: string;
  /** Sessions of firmware from this folder. */
  sessions: readonly number[];
  /** Control groups of firmware from this folder, if the system has control groups. */
  groups: readonly FirmwareGroup[];
}

export interface Leftovers {
  /** Killed processes that had left the session of the firmware, as daemons do. */
  daemons: number[];
  /** Processes that still ran 10 s after SIGKILL. */
  survivors: number[];
}

/**
 * Kills every process that a firmware from this folder left running: in its control group, in its session, with the id
 * of one of its boots in the environment, or executing a slot. That includes daemons that called setsid or forked
 * twice. Spares the launcher and its ancestors. Repeats until nothing is found, for 10 s at most. Does nothing outside
 * Linux.
 */
export async function killLeftovers(traces: FirmwareTraces): Promise<Leftovers> {
  const endMs = performance.now() + GIVE_UP_AFTER_MS;
  const daemons = new Set<number>();
  for (let cleanScans = 0; cleanScans < CLEAN_SCANS; ) {
    const found = await findLeftovers(traces);
    await Promise.all(traces.groups.map(killGroup)); // also kills processes that fork faster than a scan
    if (found.length === 0) {
      cleanScans += 1;
      continue;
    }
    for (const { pid, session } of found) if (!traces.sessions.includes(session)) daemons.add(pid);
    if (performance.now() > endMs) return { daemons: [...daemons], survivors: found.map(({ pid }) => pid) };
    cleanScans = 0;
    for (const { pid } of found) signalProcess(pid, "SIGKILL");
    await sleep(RESCAN_DELAY_MS);
  }
  return { daemons: [...daemons], survivors: [] };
}

async function findLeftovers({ dir, sessions, groups }: FirmwareTraces): Promise<ProcessInfo[]> {
  const processes = await listProcesses();
  const [folderId, path] = [await readFolderId(dir), await realpath(dir)];
  const spared = ancestryOf(process.pid, processes);
  const grouped = new Set((await Promise.all(groups.map(processesIn))).flat());
  const isOurs = await Promise.all(
    processes.map(async ({ pid, session }) => {
      if (spared.has(pid)) return false;
      if (grouped.has(pid) || sessions.includes(session)) return true;
      const [environment, program] = await Promise.all([readEnvironment(pid), readProgram(pid)]);
      return (
        environment.some((text) => text.startsWith(`${BOOT_ID}=${folderId}-`)) || isSlotOf(path, program)
      );
    }),
  );
  return processes.filter((_, i) => isOurs[i]);
}

/** Tells whether a program is a slot of the folder, or was one that has been replaced since. */
function isSlotOf(dir: string, program: string): boolean {
  return program.startsWith(`${dir}/`) && /^slot-\d{1,4}( \(deleted\))?$/.test(program.slice(dir.length + 1));
}

/** Returns a process and all its ancestors. */
function ancestryOf(pid: number, processes: readonly ProcessInfo[]): Set<number> {
  const parents = new Map(processes.map((facts) => [facts.pid, facts.parentPid]));
  const line = new Set<number>();
  for (let next: number | undefined = pid; next !== undefined && !line.has(next); next = parents.get(next)) {
    line.add(next);
  }
  return line;
}
