import type { HooksConfig } from "../hooks/config.js";
import { inspectHooks } from "../hooks/names.js";
import { type Finding, fail, ok, skipped, warn } from "./finding.js";

/** Checks the executables that are asked about updates. */
export async function checkHooks({ dir }: HooksConfig): Promise<Finding[]> {
  const { hooks, faults } = await inspectHooks(dir);
  if (faults.length > 0) {
    return faults.map(({ message, hint, isHook }) => (isHook ? fail : warn)("hooks", message, hint));
  }
  return [hooks.length === 0 ? skipped("hooks", `none in ${dir}`) : ok("hooks", hooks.join(", "))];
}
