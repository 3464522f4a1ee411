import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { FotaError, messageOf } from "@fota/shared";
import type { Host } from "../host.js";
import { formatSeconds } from "../terminal/format.js";

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
  /** Gets each line of output. */
  onLine(line: string): void;
}

/** The exit code for "ask again later": EX_TEMPFAIL of sysexits.h. */
const LATER = 75;
const TIME_LIMIT_MS = 3_600_000;
/** Limits the wait for output that a command wrote before it ended. */
const LAST_OUTPUT_MS = 300;

/**
 * Runs the command of a gate until it ends. What it left running is not waited for.
 * @throws {FotaError} INTERRUPTED
 */
export async function askCommand(
  [program = "", ...args]: readonly string[],
  facts: CommandFacts,
  { host, cwd, timeLimitMs = TIME_LIMIT_MS, onLine }: CommandRun,
): Promise<CommandAnswer> {
  const { env, signal } = host;
  const limit = AbortSignal.timeout(timeLimitMs);
  const child = spawn(program, args, {
    cwd,
    env: { ...env, ...variablesOf(facts) },
    signal: AbortSignal.any([signal, limit]),
    stdio: ["pipe", "pipe", "pipe"],
  });
  let lastLine = "";
  for (const pipe of [child.stdout, child.stderr]) {
    createInterface({ input: pipe }).on("line", (line) => {
      if (line.trim() !== "") lastLine = line.trim();
      onLine(line);
    });
  }
  child.stdin.on("error", () => {}); // a command that reads nothing
  child.stdin.end(`${JSON.stringify(facts)}\n`);
  const closed = once(child, "close");
  closed.catch(() => {}); // the same error as below
  try {
    const [code, killedBy] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    await Promise.race([closed, sleep(LAST_OUTPUT_MS, undefined, { ref: false })]);
    return answerOf(program, code, killedBy, lastLine);
  } catch (cause) {
    if (signal.aborted) throw new FotaError("INTERRUPTED", "interrupted", { cause });
    const why = limit.aborted ? `did not end within ${formatSeconds(timeLimitMs / 1000)}` : messageOf(cause);
    return { kind: "closed", text: `${program}: ${why}` };
  } finally {
    child.kill();
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy();
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
