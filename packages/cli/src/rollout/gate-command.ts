import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { FotaError, messageOf } from "@fota/shared";
import type { Host } from "../host.js";
import { formatSeconds } from "../terminal/format.js";
import { lineReader } from "./line-reader.js";

/** Holds what the command of a gate gets: as JSON on stdin, and each value that is no object in a variable. */
export interface CommandFacts {
  rollout: string;
  stage: string;
  stageNumber: number;
  stages: number;
  jobId: string;
  version: string | null;
  succeeded: number;
  failed: number;
  pending: number;
}

export interface CommandAnswer {
  kind: "open" | "later" | "closed";
  text: string;
}

export interface CommandRun {
  host: Pick<Host, "env" | "signal">;
  /** Is the folder of the plan. */
  cwd: string;
  /** @default 1 hour */
  timeLimitMs?: number;
  /**
   * The time between SIGTERM and SIGKILL at the time limit or an interrupt.
   * @default 2 seconds
   */
  graceMs?: number;
  /** Gets each line of output; of very much output, only the beginning. */
  onLine(line: string): void;
}

/** The exit code for "ask again later": EX_TEMPFAIL of sysexits.h. */
const LATER = 75;
const TIME_LIMIT_MS = 3_600_000;
const GRACE_MS = 2_000;
const SHOWN_LINES_MAX = 1_000;
/** Limits the wait for output that a command wrote before it ended. */
const LAST_OUTPUT_MS = 300;

/**
 * Runs the command of a gate until it ends. What it left running then is not waited for. At the time limit and at an
 * interrupt, it is ended with all that it started.
 * @throws {FotaError} INTERRUPTED
 */
export async function askCommand(
  [program = "", ...args]: readonly string[],
  facts: CommandFacts,
  { host, cwd, timeLimitMs = TIME_LIMIT_MS, graceMs = GRACE_MS, onLine }: CommandRun,
): Promise<CommandAnswer> {
  const { env, signal } = host;
  const limit = AbortSignal.timeout(timeLimitMs);
  const child = spawn(program, args, {
    cwd,
    env: { ...env, ...variablesOf(facts) },
    stdio: ["pipe", "pipe", "pipe"],
    detached: HAS_GROUPS,
  });
  let lastLine = "";
  let shown = 0;
  const readers = [child.stdout, child.stderr].map((pipe) => {
    const reader = lineReader((line) => {
      if (line.trim() !== "") lastLine = line.trim();
      shown += 1;
      if (shown <= SHOWN_LINES_MAX) onLine(line);
      else if (shown === SHOWN_LINES_MAX + 1) onLine("(the rest of its output is not shown)");
    });
    pipe.setEncoding("utf8").on("data", (text: string) => reader.push(text));
    return reader;
  });
  child.stdin.on("error", () => {}); // a command that reads nothing
  child.stdin.end(`${JSON.stringify(facts)}\n`);
  const closed = once(child, "close");
  closed.catch(() => {}); // the same error as below
  try {
    const [code, killedBy] = (await once(child, "exit", { signal: AbortSignal.any([signal, limit]) })) as [
      number | null,
      NodeJS.Signals | null,
    ];
    await Promise.race([closed, sleep(LAST_OUTPUT_MS, undefined, { ref: false })]);
    for (const reader of readers) reader.end();
    return answerOf(program, code, killedBy, lastLine);
  } catch (cause) {
    await endGroup(child, graceMs);
    if (signal.aborted) throw new FotaError("INTERRUPTED", "interrupted", { cause });
    const why = limit.aborted ? `did not end within ${formatSeconds(timeLimitMs / 1000)}` : messageOf(cause);
    return { kind: "closed", text: `${program}: ${why}` };
  } finally {
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy();
  }
}

/** Windows has no process groups: there, only the command itself is ended. */
const HAS_GROUPS = process.platform !== "win32";

/** Ends a command and what it started: first by SIGTERM, after `graceMs` by SIGKILL. */
async function endGroup(child: ChildProcess, graceMs: number): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return; // it never started
  const ended = child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined;
  sendToGroup(child, pid, "SIGTERM");
  await Promise.race([ended, sleep(graceMs)]);
  sendToGroup(child, pid, "SIGKILL");
}

function sendToGroup(child: ChildProcess, pid: number, signal: NodeJS.Signals): void {
  try {
    if (HAS_GROUPS) process.kill(-pid, signal);
    else child.kill(signal);
  } catch {
    // All of them have ended.
  }
}

function answerOf(
  program: string,
  code: number | null,
  killedBy: NodeJS.Signals | null,
  lastLine: string,
): CommandAnswer {
  const kind = code === 0 ? "open" : code === LATER ? "later" : "closed";
  const end = killedBy === null ? `exit code ${code}` : `ended by ${killedBy}`;
  return { kind, text: `${program}: ${end}${lastLine === "" ? "" : `, ${lastLine}`}` };
}

/** Returns `FOTA_STAGE_NUMBER` for `stageNumber`. */
function variablesOf(facts: CommandFacts): Record<string, string> {
  const named = Object.entries(facts).map(([key, value]) => [
    `FOTA_${key.replace(/[A-Z]/g, "_$&").toUpperCase()}`,
    value === null ? "" : String(value),
  ]);
  return Object.fromEntries(named);
}
