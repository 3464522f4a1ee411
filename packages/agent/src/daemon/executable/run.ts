import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@fota/shared";
import type { Log } from "../../core/ports.js";
import { killRun, markRun, RUN_ID, unmarkRun } from "./marks.js";
import { LimitedOutput } from "./output.js";

/** Time to read the rest of the output after the end. A process in the background may hold it open for longer. */
const REST_MS = 500;

export interface ExecutableRun {
  path: string;
  /** Text for the standard input. */
  input: string;
  /** The whole environment. */
  env: Readonly<Record<string, string | undefined>>;
  limitMs: number;
  /** Folder of the saved state. */
  stateDir: string;
  /** Kills the run. */
  signal: AbortSignal;
  log: Log;
}

/** How a run has ended. */
export interface ExecutableEnd {
  /** `undefined` if it was killed or could not be started. */
  exitCode: number | undefined;
  /** "exit code 3", "killed by SIGSEGV", "did not end within 60 s". */
  description: string;
  stdout: LimitedOutput;
  stderr: LimitedOutput;
}

/**
 * Runs an executable in a session of its own. After `limitMs`, or when `signal` is aborted, kills it with all processes
 * that it has started. Kills those also when it was killed itself, as by the kernel when memory is short: it will run
 * again. What it leaves running when it ends with an exit code keeps running.
 * @throws {FotaError} STATE_ACCESS; rejects with the reason of `signal`
 */
export async function runExecutable(run: ExecutableRun): Promise<ExecutableEnd> {
  const { path, input, limitMs, stateDir, signal, log } = run;
  const id = await markRun(stateDir);
  const [stdout, stderr] = [new LimitedOutput(), new LimitedOutput()];
  const ended = (exitCode: number | undefined, description: string): ExecutableEnd => ({
    exitCode,
    description,
    stdout,
    stderr,
  });
  const timer = new AbortController();
  try {
    signal.throwIfAborted();
    const child = spawn(path, [], {
      cwd: "/",
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
      env: { ...run.env, [RUN_ID]: id },
    });
    child.stdin.on("error", () => {}); // it may end without reading
    child.stdin.end(input);
    child.stdout.on("data", (piece: Buffer) => stdout.add(piece));
    child.stderr.on("data", (piece: Buffer) => stderr.add(piece));
    const closed = once(child, "close").catch(() => {});
    const exited = new Promise<ExecutableEnd>((resolve) => {
      child.once("error", (error) => resolve(ended(undefined, `cannot be started: ${messageOf(error)}`)));
      child.once("exit", (code, killedBy) =>
        resolve(code === null ? ended(undefined, `killed by ${killedBy}`) : ended(code, `exit code ${code}`)),
      );
    });
    const cut = new Promise<"late" | "aborted">((resolve) => {
      signal.addEventListener("abort", () => resolve("aborted"), { once: true, signal: timer.signal });
      sleep(limitMs, undefined, { signal: timer.signal }).then(
        () => resolve("late"),
        () => {},
      );
    });
    const first = await Promise.race([exited, cut]);
    const hasEnded = typeof first !== "string" && first.exitCode !== undefined;
    if (!hasEnded) {
      const { survivors } = await killRun(id, child.pid);
      if (survivors.length > 0) {
        log("error", `${path}: pid ${survivors.map(({ pid }) => pid).join(", ")} still runs after SIGKILL`);
      }
    }
    await Promise.race([closed, sleep(REST_MS, undefined, { ref: false })]);
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    if (first === "aborted") signal.throwIfAborted();
    return typeof first === "string"
      ? ended(undefined, `did not end within ${limitMs / 1000} s and was killed`)
      : first;
  } catch (error) {
    signal.throwIfAborted();
    return ended(undefined, `cannot be started: ${messageOf(error)}`);
  } finally {
    timer.abort();
    await unmarkRun(stateDir, id);
  }
}
