import { isFotaError, messageOf, nearestOf } from "@fota/shared";
import type { Log } from "../../core/ports.js";
import { findExecutable, listExecutables } from "../executable/find.js";

const HOOK_FILES = [
  "before-download",
  "before-install",
  "before-reset",
  "self-test",
  "after-confirm",
  "after-revert",
] as const;
export type HookFile = (typeof HOOK_FILES)[number];

/** A fault in the folder of the hooks. */
export interface HookFault {
  message: string;
  hint: string;
  /** It is the hook of an update, not just a file that is ignored. */
  isHook: boolean;
}

/** Returns the names of the hooks in a folder, and what is wrong there. Empty if there is no folder. */
export async function inspectHooks(dir: string): Promise<{ hooks: string[]; faults: HookFault[] }> {
  let names: string[];
  try {
    names = await listExecutables(dir);
  } catch (error) {
    return { hooks: [], faults: [faultOf(error)] };
  }
  const faults = await Promise.all(names.map((name) => findFault(dir, name)));
  return {
    hooks: HOOK_FILES.filter((name) => names.includes(name)),
    faults: faults.filter((fault) => fault !== undefined),
  };
}

async function findFault(dir: string, name: string): Promise<HookFault | undefined> {
  if (!HOOK_FILES.some((known) => known === name)) {
    const [near] = nearestOf(name, HOOK_FILES);
    return {
      message: `${dir}/${name} is not the name of a hook and is ignored`,
      hint: near === undefined ? `use the names ${HOOK_FILES.join(", ")}` : `rename it to ${near}`,
      isHook: false,
    };
  }
  try {
    await findExecutable(dir, name);
    return undefined;
  } catch (error) {
    return faultOf(error);
  }
}

function faultOf(error: unknown): HookFault {
  const hint = (isFotaError(error) ? error.hint : undefined) ?? "check the file";
  return { message: messageOf(error), hint, isHook: true };
}

/** Logs what is wrong in the folder of the hooks, so that it is noticed before the next update. */
export async function warnOfHookFaults(dir: string, log: Log): Promise<void> {
  const { faults } = await inspectHooks(dir);
  for (const { message, hint } of faults) log("warn", `${message}; ${hint}`);
}
