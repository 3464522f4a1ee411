import { setTimeout as sleep } from "node:timers/promises";
import { listProcesses, type ProcessInfo, signalProcess } from "./processes.js";

/** Time for processes to end after SIGKILL. One that waits for a dead disk may never end. */
const GIVE_UP_AFTER_MS = 10_000;
const RESCAN_DELAY_MS = 20;
/** Scans in a row that must find nothing: one scan can miss a process that forks and exits while /proc is read. */
const CLEAN_SCANS = 2;

export interface KillResult {
  /** Processes that were found, each once. */
  killed: ProcessInfo[];
  /** Processes that still ran 10 s after SIGKILL. */
  survivors: ProcessInfo[];
}

/**
 * Kills the processes that `find` picks from those that run, until it finds none, for 10 s at most. Spares this process
 * and its ancestors. Does nothing outside Linux. Calls `onScan` after each scan, before it kills.
 */
export async function killProcesses(
  find: (processes: readonly ProcessInfo[]) => Promise<ProcessInfo[]>,
  onScan: () => Promise<unknown> = async () => {},
): Promise<KillResult> {
  const endMs = performance.now() + GIVE_UP_AFTER_MS;
  const killed = new Map<number, ProcessInfo>();
  const result = (survivors: ProcessInfo[]) => ({ killed: [...killed.values()], survivors });
  for (let cleanScans = 0; cleanScans < CLEAN_SCANS; ) {
    const processes = await listProcesses();
    const spared = ancestryOf(process.pid, processes);
    const found = await find(processes.filter(({ pid }) => !spared.has(pid)));
    await onScan();
    if (found.length === 0) {
      cleanScans += 1;
      continue;
    }
    for (const facts of found) killed.set(facts.pid, facts);
    if (performance.now() > endMs) return result(found);
    cleanScans = 0;
    for (const { pid } of found) signalProcess(pid, "SIGKILL");
    await sleep(RESCAN_DELAY_MS);
  }
  return result([]);
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
