import { readdir } from "node:fs/promises";
import { findExecutable } from "../executable/find.js";
import type { JobsConfig } from "../jobs/config.js";
import { type Finding, failed, ok, skipped } from "./finding.js";

/** Checks the executables for other jobs. */
export async function checkHandlers({ dir }: JobsConfig): Promise<Finding[]> {
  const names = await readdir(dir).catch((): string[] => []);
  const faults: Finding[] = [];
  for (const name of names) {
    await findExecutable(dir, name).catch((error: unknown) => faults.push(failed("other jobs", error)));
  }
  if (faults.length > 0) return faults;
  return [
    names.length === 0 ? skipped("other jobs", `none in ${dir}`) : ok("other jobs", names.sort().join(", ")),
  ];
}
