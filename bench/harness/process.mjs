// What a running process has used, from /proc.
import { readdir, readFile } from "node:fs/promises";

/** Linux counts processor time for programs in hundredths of a second (proc(5), USER_HZ). */
const MS_PER_TICK = 10;

/**
 * Returns the processor time of a process so far, user and system, of all its threads. It is exact to the microsecond
 * unless much of it belongs to threads that have ended: then, and without schedstat, to 10 ms for each of user and system.
 */
export async function cpuMsOf(pid) {
  return Math.max(await cpuMsOfThreads(pid), await cpuMsInTicks(pid));
}

/** Returns the processor time of the threads that a process has now; 0 without CONFIG_SCHED_INFO in the kernel. */
async function cpuMsOfThreads(pid) {
  const threads = await readdir(`/proc/${pid}/task`);
  // The first number is in nanoseconds (Documentation/scheduler/sched-stats.rst of Linux).
  const texts = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8").catch(() => "0")),
  );
  return texts.reduce((sum, text) => sum + Number(text.split(" ")[0]), 0) / 1e6;
}

/** Returns the processor time of all threads that a process has had, rounded down to ticks, user and system each. */
async function cpuMsInTicks(pid) {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  // The name of the program is in parentheses and may contain spaces; utime and stime are fields 14 and 15 (proc(5)).
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** Returns what `work` resolves to, and the processor time that the process `pid` used meanwhile. */
export async function cpuMsDuring(pid, work) {
  const before = await cpuMsOf(pid);
  const result = await work();
  return { result, cpuMs: (await cpuMsOf(pid)) - before };
}

/** Returns the memory of a process now. */
export async function rssMiBOf(pid) {
  return await statusMiB(pid, "VmRSS");
}

/** Returns the most memory that a process has had so far. */
export async function peakRssMiBOf(pid) {
  return await statusMiB(pid, "VmHWM");
}

async function statusMiB(pid, field) {
  const text = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)[1]) / 1024;
}
