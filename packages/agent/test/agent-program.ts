import { spawn } from "node:child_process";
import { join } from "node:path";
import type { StandInDevice } from "./stand-in.js";
import { type WatchedProcess, watchProcess } from "./watched-process.js";

export const PROGRAM = join(import.meta.dirname, "../dist/fota-agent.cjs");

/** Starts `fota-agent` with these arguments, as another process than the firmware of `device`. */
export function startProgram(
  { boot, config }: Pick<StandInDevice, "boot" | "config">,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): WatchedProcess {
  const settings = {
    FOTA_AGENT_CONFIG: config,
    FOTA_AGENT_STATE_DIR: boot.dir,
    FOTA_AGENT_TRIAL_CONFIRM_AFTER_SECONDS: "0.3",
  };
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...settings, ...env },
  });
  return watchProcess(child);
}
