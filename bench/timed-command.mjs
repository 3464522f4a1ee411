import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs a command. Returns what it prints, its wall time, and its processor time as the shell's `times` tells it. */
export async function timeCommand(command, args) {
  const start = performance.now();
  const { stdout } = await run("sh", ["-c", '"$@" && times', "sh", command, ...args]);
  const seconds = (performance.now() - start) / 1000;
  // Two lines, as in "0m0.01s 0m0.52s": the shell, then its children; user, then system.
  const lines = stdout.trimEnd().split("\n");
  const [userSeconds, systemSeconds] = [...lines.at(-1).matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  const cpuSeconds = userSeconds + systemSeconds;
  return { stdout: lines.slice(0, -2).join("\n"), seconds, cpuSeconds, systemSeconds };
}

/** Runs commands one after the other. Returns the sums of their times. */
export async function timeCommands(commands) {
  const sum = { seconds: 0, cpuSeconds: 0, systemSeconds: 0 };
  for (const [command, ...args] of commands) {
    const { seconds, cpuSeconds, systemSeconds } = await timeCommand(command, args);
    sum.seconds += seconds;
    sum.cpuSeconds += cpuSeconds;
    sum.systemSeconds += systemSeconds;
  }
  return sum;
}
