import { readdir } from "node:fs/promises";
import { isFotaError, messageOf, nearestOf } from "@fota/shared";
import type { Log } from "../../core/ports.js";
import { findExecutable } from "../executable/find.js";

export const HOOK_FILES = [
  "before-download",
  "before-install",
  "before-reset",
  "self-test",
  "after-confirm",
  "after-revert",
] as const;
export type HookFile = (typeof HOOK_FILES)[number];

/** Returns what is wrong in the folder of the hooks, one sentence each. Empty if there is no folder. */
export async function findHookFaults(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch(() => []);
  const faults = await Promise.all(names.map((name) => findFault(dir, name)));
  return faults.filter((fault) => fault !== undefined);
}

async function findFault(dir: string, name: string): Promise<string | undefined> {
  if (!HOOK_FILES.some((known) => known === name)) {
    const [near] = nearestOf(name, HOOK_FILES);
    const hint = near === undefined ? `the hooks are ${HOOK_FILES.join(", ")}` : `rename it to ${near}`;
    return `${dir}/${name} is not the name of a hook and is ignored; ${hint}`;
  }
  try {
    await findExecutable(dir, name);
    return undefined;
  } catch (error) {
    const hint = isFotaError(error) && error.hint !== undefined ? `; ${error.hint}` : "";
    return `${messageOf(error)}${hint}`;
  }
}

/** Logs what is wrong in the folder of the hooks, so that it is noticed before the next update. */
export async function warnOfHookFaults(dir: string, log: Log): Promise<void> {
  for (const fault of await findHookFaults(dir)) log("warn", fault);
}
