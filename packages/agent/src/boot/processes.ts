import { readdir, readFile, readlink } from "node:fs/promises";

/** A process as /proc has it. What cannot be read, because it is another user's or has ended, is empty. */
export interface ProcessFacts {
  pid: number;
  parentPid: number;
  /** Process id of the process that leads its session. */
  session: number;
  /** What tells one use of the process id from the next: clock ticks since the start of the system (proc(5)). */
  startTime: string;
}

/** Lists the processes that run; zombies, which only wait for their parent, do not. Empty elsewhere than on Linux. */
export async function listProcesses(): Promise<ProcessFacts[]> {
  const names = await readdir("/proc").catch(() => []);
  const found = await Promise.all(
    names.filter((name) => /^\d+$/.test(name)).map((name) => factsOf(Number(name))),
  );
  return found.filter((facts) => facts !== undefined);
}

/** Returns what /proc has about `pid`; `undefined` when it has ended. */
export async function factsOf(pid: number): Promise<ProcessFacts | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  if (stat === "") return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // from field 3; the name before may hold anything
  const [state, parentPid, , session] = fields;
  if (state === "Z" || state === "X") return undefined;
  return { pid, parentPid: Number(parentPid), session: Number(session), startTime: fields[19] ?? "" };
}

/** Returns the environment that `pid` was started with, as `NAME=value` texts. */
export async function environmentOf(pid: number): Promise<string[]> {
  return (await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "")).split("\0");
}

/** Returns the path of the program that `pid` executes. */
export async function programOf(pid: number): Promise<string> {
  return await readlink(`/proc/${pid}/exe`).catch(() => "");
}

/** Sends `signal` to a process, or with a negative number to a process group; one that has ended is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended, which is what a signal to it is for, or it is another user's
  }
}
