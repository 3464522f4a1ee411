// Runs the pinned pnpm, whether it is installed or not.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const pnpm = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager; // "pnpm@12.21.0"
const shell = process.platform === "win32";

/** Returns the environment without the variables that npm sets for its scripts: pnpm must not take them for its own. */
export function cleanEnv() {
  const env = { ...process.env, CI: process.env.CI ?? "true" }; // never prompts
  for (const name of Object.keys(env)) if (/^npm_(package|lifecycle|command)_?/.test(name)) delete env[name];
  return env;
}

/** Runs pnpm in `cwd` and waits until it exits. @returns its exit status; `null` when a signal ended it */
export function runPnpm(args, { cwd = root, stdio = "inherit" } = {}) {
  const env = cleanEnv();
  // A pnpm of another version would try to fetch the pinned one itself; npm brings exactly that one.
  const found = spawnSync("pnpm", ["--version"], { cwd, env, encoding: "utf8", shell });
  const onPath = found.status === 0 && `pnpm@${found.stdout.trim()}` === pnpm;
  const [command, commandArgs] = onPath ? ["pnpm", args] : ["npm", ["exec", "--yes", "--", pnpm, ...args]];
  return spawnSync(command, commandArgs, { cwd, env, stdio, shell }).status;
}
