import { readdir, readFile, readlink } from "node:fs/promises";

/** A process as /proc shows it. */
export interface ProcessInfo {
  pid: number;
  parentPid: number;
  /** Process id of its session leader. */
  session: number;
  /** Start time in clock ticks since the system booted (proc(5)). Distinguishes reuses of a process id. */
  startTime: string;
}

/** Lists the running processes, without zombies. Empty outside Linux. */
export async function listProcesses(): Promise<ProcessInfo[]> {
  const names = await readdir("/proc").catch(() => []);
  const found = await Promise.all(
    names.filter((name) => /^\d+$/.test(name)).map((name) => readProcess(Number(name))),
  );
  return found.filter((facts) => facts !== undefined);
}

/** Reads a process from /proc. Returns `undefined` if it has ended. */
export async function readProcess(pid: number): Promise<ProcessInfo | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  if (stat === "") return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // from field 3: the name in field 2 may contain spaces and parentheses
  const [state, parentPid, , session] = fields;
  if (state === "Z" || state === "X") return undefined;
  return { pid, parentPid: Number(parentPid), session: Number(session), startTime: fields[19] ?? "" };
}

/** Returns the environment that `pid` was started with, as `NAME=value` strings. Empty if it cannot be read. */
export async function readEnvironment(pid: number): Promise<string[]> {
  return (await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "")).split("\0");
}

/** Returns the path of the program that `pid` executes. Empty if it cannot be read. */
export async function readProgram(pid: number): Promise<string> {
  return await readlink(`/proc/${pid}/exe`).catch(() => "");
}

/** Sends `signal` to a process, or to a process group if `pid` is negative. Never throws. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // The process has ended, or belongs to another user.
  }
}
