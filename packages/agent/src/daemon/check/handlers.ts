import { findExecutable, listExecutables } from "../executable/find.js";
import type { JobsConfig } from "../jobs/config.js";
import { operationOf } from "../jobs/operation.js";
import { type Finding, failed, ok, skipped, warn } from "./finding.js";

const CHECK = "other jobs";

/** Checks the executables for other jobs. */
export async function checkHandlers({ dir }: JobsConfig): Promise<Finding[]> {
  let names: string[];
  try {
    names = await listExecutables(dir);
  } catch (error) {
    return [failed(CHECK, error)];
  }
  const findings = await Promise.all(names.map((name) => findFault(dir, name)));
  const faults = findings.filter((finding) => finding !== undefined);
  if (faults.length > 0) return faults;
  return [names.length === 0 ? skipped(CHECK, `none in ${dir}`) : ok(CHECK, names.join(", "))];
}

async function findFault(dir: string, name: string): Promise<Finding | undefined> {
  if (operationOf({ operation: name }) === undefined) {
    return warn(
      CHECK,
      `${dir}/${name} cannot be the name of an operation and is ignored`,
      "use letters, digits, `.`, `_` and `-`, at most 64, and begin with a letter or a digit",
    );
  }
  return await findExecutable(dir, name).then(
    () => undefined,
    (error: unknown) => failed(CHECK, error),
  );
}
