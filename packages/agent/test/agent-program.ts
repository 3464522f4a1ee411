import { spawn } from "node:child_process";
import { join } from "node:path";
import { type WatchedProcess, watchProcess } from "./watched-process.js";

export const PROGRAM = join(import.meta.dirname, "../dist/fota-agent.cjs");

/**
 * Starts `fota-agent` with these arguments, as another process than the firmware of `device`. `prefix` is a command that
 * becomes the program which follows it, such as `env`.
 */
export function startProgram(
  { boot, config }: { boot: { dir: string }; config: string },
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  prefix: readonly string[] = [],
): WatchedProcess {
  const settings = {
    FOTA_AGENT_CONFIG: config,
    FOTA_AGENT_STATE_DIR: boot.dir,
    FOTA_AGENT_TRIAL_CONFIRM_AFTER_SECONDS: "0.3",
  };
  const [command = "", ...rest] = [...prefix, process.execPath, PROGRAM, ...args];
  const child = spawn(command, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...settings, ...env },
  });
  return watchProcess(child);
}
