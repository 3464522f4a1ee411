import { realpath } from "node:fs/promises";
import { BOOT_ID, readFolderId } from "./boot-id.js";
import { type FirmwareGroup, killGroup, processesIn } from "./control-group.js";
import { killProcesses } from "./kill-processes.js";
import { type ProcessInfo, readEnvironment, readProgram } from "./processes.js";

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
  const { killed, survivors } = await killProcesses(
    (processes) => findLeftovers(processes, traces),
    () => Promise.all(traces.groups.map(killGroup)), // also kills processes that fork faster than a scan
  );
  return {
    daemons: killed.filter(({ session }) => !traces.sessions.includes(session)).map(({ pid }) => pid),
    survivors: survivors.map(({ pid }) => pid),
  };
}

async function findLeftovers(
  processes: readonly ProcessInfo[],
  { dir, sessions, groups }: FirmwareTraces,
): Promise<ProcessInfo[]> {
  const [folderId, path] = [await readFolderId(dir), await realpath(dir)];
  const grouped = new Set((await Promise.all(groups.map(processesIn))).flat());
  const isOurs = await Promise.all(
    processes.map(async ({ pid, session }) => {
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
