// Commands that a benchmark runs, and what each of them took.
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";

/** bash reads getrusage(2), so its times have a resolution of 1 ms; GNU time knows the peak of the memory. */
const SCRIPT = `TIMEFORMAT="%3U %3S"; times=$1; shift
{ time "$@" 2>&3; } 3>&2 2>"$times"`;
const GNU_TIME = "/usr/bin/time";

/**
 * Runs a command. Returns what it prints, its wall time, its processor time (user and system, with its children) and
 * its peak RSS. Without GNU time (Debian: `time`), the latter is undefined.
 *
 * @throws with what it printed to stderr if its exit code is not 0
 */
export async function timeCommand(command, args = [], { env, cwd } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "fota-bench-time-"));
  const [times, peak] = [join(folder, "times"), join(folder, "peak")];
  const measured = isExecutable(GNU_TIME) ? [GNU_TIME, "-o", peak, "-f", "%M", command] : [command];
  try {
    const startMs = performance.now();
    const child = spawn("bash", ["-c", SCRIPT, "bash", times, ...measured, ...args], {
      env,
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [stdout, stderr, code] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      new Promise((resolve, reject) => child.once("error", reject).once("close", resolve)),
    ]);
    const seconds = (performance.now() - startMs) / 1000;
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${stderr}`);
    const [userSeconds, systemSeconds] = (await readFile(times, "utf8")).trim().split(" ").map(Number);
    const peakRssMiB =
      measured.length === 1 ? undefined : Number((await readFile(peak, "utf8")).trim()) / 1024;
    return { stdout, seconds, cpuSeconds: userSeconds + systemSeconds, systemSeconds, peakRssMiB };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs commands one after the other. Returns the sums of their times. */
export async function timeCommands(commands) {
  const sum = { seconds: 0, cpuSeconds: 0, systemSeconds: 0 };
  for (const [command, ...args] of commands) {
    const took = await timeCommand(command, args);
    for (const key of Object.keys(sum)) sum[key] += took[key];
  }
  return sum;
}

/**
 * Returns the path of a command, or undefined. A shim of pyenv or asdf gives way to the command behind it, or to the next
 * one in PATH: its own start would count for the command.
 */
export function findCommand(name) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const file = join(folder, name);
    const found = basename(folder) === "shims" ? behindShim(folder, name) : file;
    if (found !== undefined && isExecutable(found)) return found;
  }
  return undefined;
}

function behindShim(folder, name) {
  const { status, stdout } = spawnSync(join(folder, "../bin/pyenv"), ["which", name], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function textOf(stream) {
  const pieces = await stream.setEncoding("utf8").toArray();
  return pieces.join("");
}
