import type { Log } from "../../core/ports.js";
import { DEFER_EXIT_CODE, parseDeferral } from "../executable/deferral.js";
import { environmentFor, type Facts } from "../executable/environment.js";
import { findExecutable } from "../executable/find.js";
import { LINE_MAX_CHARS } from "../executable/output.js";
import { type ExecutableEnd, runExecutable } from "../executable/run.js";
import type { HooksConfig } from "./config.js";
import type { HookFile } from "./names.js";

export interface HookContext {
  config: HooksConfig;
  stateDir: string;
  env: Readonly<Record<string, string | undefined>>;
  log: Log;
}

/** The decision of a hook. `failed`: it has decided nothing, because it was killed or could not be executed. */
export type HookDecision =
  | { kind: "absent" }
  | { kind: "allowed" }
  | { kind: "deferred"; deferMs: number; why: string }
  | { kind: "refused"; why: string }
  | { kind: "failed"; why: string };

/** Exit codes of a shell for a command that is not executable, or not found: the hook itself is broken. */
const SHELL_FAULTS: readonly (number | undefined)[] = [126, 127];

/** Runs a hook and returns its decision. Rejects with the reason of `signal` if that is aborted. */
export async function askHook(
  name: HookFile,
  facts: Facts,
  limitMs: number,
  signal: AbortSignal,
  { config, stateDir, env, log }: HookContext,
): Promise<HookDecision> {
  const path = await findExecutable(config.dir, name);
  if (path === undefined) return { kind: "absent" };
  const all = { hook: name, ...facts };
  const end = await runExecutable({
    path,
    input: `${JSON.stringify(all)}\n`,
    env: environmentFor(env, all),
    limitMs,
    stateDir,
    signal,
    log,
  });
  const decision = decide(name, end);
  const why = "why" in decision ? `: ${decision.why}` : "";
  log(decision.kind === "failed" ? "error" : "info", `hook ${name} ${decision.kind}${why}`);
  return decision;
}

/** Returns what the end of a hook means. */
function decide(name: HookFile, end: ExecutableEnd): HookDecision {
  const { exitCode, description, stdout, stderr } = end;
  if (exitCode === 0) return { kind: "allowed" };
  if (exitCode === DEFER_EXIT_CODE) return { kind: "deferred", ...parseDeferral(stdout.firstLine()) };
  const text = stdout.firstLine() || stderr.lastLine().slice(0, LINE_MAX_CHARS);
  const why = text === "" ? `${name} ${description}` : `${name} ${description}: ${text}`;
  if (exitCode === undefined || SHELL_FAULTS.includes(exitCode)) return { kind: "failed", why };
  return { kind: "refused", why: text === "" ? why : `${name}: ${text}` };
}
