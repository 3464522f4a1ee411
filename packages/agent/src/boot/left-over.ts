import { realpath } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { BOOT_ID, folderMark } from "./boot-id.js";
import { endGroup, type FirmwareGroup, processesIn } from "./control-group.js";
import { environmentOf, listProcesses, type ProcessFacts, programOf, signalProcess } from "./processes.js";

/** How long to wait for processes to end after SIGKILL: one that waits for a dead disk may never end. */
const GIVE_UP_AFTER_MS = 10_000;
const LOOK_AGAIN_AFTER_MS = 20;
/** A process that forks and ends while /proc is read is missed by one scan, not by this many in a row. */
const CLEAN_SCANS = 2;

/** By what the processes of a firmware are found, whether or not it still runs itself. */
export interface LeftOverMarks {
  /** Folder of the slots: the programs in it, and the ids of the boots in it. */
  dir: string;
  /** Sessions that a firmware of this folder leads. */
  sessions: readonly number[];
  /** Control groups that a firmware of this folder was started in, where the system has them. */
  groups: readonly FirmwareGroup[];
}

export interface LeftOvers {
  /** Process ids of what had left the session of the firmware, as daemons do, and was killed. */
  daemons: number[];
  /** Process ids of what SIGKILL has not ended in 10 s. */
  alive: number[];
}

/**
 * Kills every process that a firmware of this folder has left running: what is in its control group, in its session,
 * has the id of one of its boots in its environment, or executes a slot. So also what called setsid or forked twice.
 * The launcher and what it was started by are left alone. Repeats until nothing is found, for 10 s at most. Does
 * nothing elsewhere than on Linux.
 */
export async function endLeftOvers(marks: LeftOverMarks): Promise<LeftOvers> {
  const endMs = performance.now() + GIVE_UP_AFTER_MS;
  const daemons = new Set<number>();
  for (let cleanScans = 0; cleanScans < CLEAN_SCANS; ) {
    const found = await findLeftOvers(marks);
    await Promise.all(marks.groups.map(endGroup)); // also what forks faster than it can be listed
    if (found.length === 0) {
      cleanScans += 1;
      continue;
    }
    for (const { pid, session } of found) if (!marks.sessions.includes(session)) daemons.add(pid);
    if (performance.now() > endMs) return { daemons: [...daemons], alive: found.map(({ pid }) => pid) };
    cleanScans = 0;
    for (const { pid } of found) signalProcess(pid, "SIGKILL");
    await sleep(LOOK_AGAIN_AFTER_MS);
  }
  return { daemons: [...daemons], alive: [] };
}

async function findLeftOvers({ dir, sessions, groups }: LeftOverMarks): Promise<ProcessFacts[]> {
  const processes = await listProcesses();
  const [mark, path] = [await folderMark(dir), await realpath(dir)];
  const spared = ancestryOf(process.pid, processes);
  const grouped = new Set((await Promise.all(groups.map(processesIn))).flat());
  const isOurs = await Promise.all(
    processes.map(async ({ pid, session }) => {
      if (spared.has(pid)) return false;
      if (grouped.has(pid) || sessions.includes(session)) return true;
      const [environment, program] = await Promise.all([environmentOf(pid), programOf(pid)]);
      return environment.some((text) => text.startsWith(`${BOOT_ID}=${mark}-`)) || isSlotOf(path, program);
    }),
  );
  return processes.filter((_, i) => isOurs[i]);
}

/** Whether a program is a slot of the folder, also one that was replaced since it started. */
function isSlotOf(dir: string, program: string): boolean {
  return program.startsWith(`${dir}/`) && /^slot-\d{1,4}( \(deleted\))?$/.test(program.slice(dir.length + 1));
}

/** A process, its parent, and so on. */
function ancestryOf(pid: number, processes: readonly ProcessFacts[]): Set<number> {
  const parents = new Map(processes.map((facts) => [facts.pid, facts.parentPid]));
  const line = new Set<number>();
  for (let next: number | undefined = pid; next !== undefined && !line.has(next); next = parents.get(next)) {
    line.add(next);
  }
  return line;
}
