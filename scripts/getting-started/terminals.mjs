// Terminals for a script: a shell that runs one command after another, and a program that keeps running.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

/** Far above what any command takes on a busy machine. */
const TIMEOUT_MS = 90_000;
const MARK = "--- exit code";

/** Programs that run. Each has a process group of its own, so Ctrl-C in the real terminal does not reach them. */
const running = new Set();
process.on("exit", () => {
  for (const child of running) signalGroup(child, "SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/** Starts a program, which `stop` ends, or the end of this process. */
export function start(program, args, options) {
  const child = spawn(program, args, { ...options, detached: true });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** Stops a program and what it started: `close` comes when nothing holds its output open any more. */
export async function stop(child) {
  if (!running.has(child)) return;
  const ended = once(child, "close");
  signalGroup(child, "SIGTERM");
  await Promise.race([ended, sleep(10_000, undefined, { ref: false })]);
}

/** Sends a signal to a program and what it started. They may have ended before this process hears of it. */
function signalGroup({ pid }, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

/** Opens a shell for all commands, so that `cd` and `export` work as in a terminal. `command` starts it. */
export function openShell({ command = ["bash", "--noprofile", "--norc"], ...options }) {
  const [program, ...args] = command;
  const child = start(program, args, { ...options, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write("exec 2>&1\n");
  return {
    child,
    /** Runs a command. Returns its exit code and what it printed. */
    async run(command) {
      child.stdin.write(`{ ${command}\n} < /dev/null\nprintf '\\n%s %s\\n' '${MARK}' $?\n`);
      const output = [];
      const late = sleep(TIMEOUT_MS, "late", { ref: false });
      for (;;) {
        const next = await Promise.race([lines.next(), late]);
        if (next === "late" || next.done) throw new Error(`${command}: did not end\n${output.join("\n")}`);
        const line = next.value;
        if (line.startsWith(MARK))
          return { code: Number(line.slice(MARK.length)), output: output.join("\n") };
        output.push(line);
      }
    },
  };
}

/** Runs a command that keeps running, and remembers what it prints. */
export function openTerminal(command, options) {
  const args = ["--noprofile", "--norc", "-c", `exec 2>&1\n${command}`];
  const child = start("bash", args, { ...options, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (piece) => {
    output += piece;
  });
  return {
    child,
    /** Waits until `isEnough` holds for what came since the last call, or for a time limit. Returns what came. */
    async outputUntil(isEnough) {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      while (!isEnough(output) && !signal.aborted)
        await once(child.stdout, "data", { signal }).catch(() => {});
      const came = output;
      output = "";
      return came;
    },
  };
}
