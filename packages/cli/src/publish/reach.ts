import { isFotaError } from "@fota/shared";
import type { Iot } from "../aws/iot.js";
import { listThingsInGroup } from "../aws/thing-groups.js";
import type { JobSpec } from "../job/job-spec.js";
import type { Target } from "../job/targets.js";

/** Holds the things that a publish is for, as far as they are known beforehand. */
export interface Reach {
  /** Lists each thing once. */
  things: string[];
  /** Says why there may be more things; `undefined`: the list is complete. */
  unknown: string | undefined;
}

/** Limits the members of groups that are listed: counting a larger fleet takes longer than it helps. */
const COUNTED_MAX = 50_000;

/** Returns whether more things can get the job later. */
export function isOpen({
  continuous,
  makeGroup,
  targets,
}: Pick<JobSpec, "continuous" | "makeGroup" | "targets">): boolean {
  return continuous && (makeGroup !== undefined || targets.some(({ kind }) => kind === "group"));
}

/** Lists the things of the targets, including the members of groups. */
export async function reachOf(iot: Iot, targets: readonly Target[]): Promise<Reach> {
  const things = new Set<string>();
  for (const { kind, name } of targets) {
    if (kind === "thing") {
      things.add(name);
      continue;
    }
    try {
      for await (const thing of listThingsInGroup(iot, name)) {
        things.add(thing);
        if (things.size >= COUNTED_MAX)
          return { things: [...things], unknown: `more than ${COUNTED_MAX} things` };
      }
    } catch (error) {
      if (!isFotaError(error, "ACCESS_DENIED")) throw error;
      return { things: [...things], unknown: `the members of group ${name} cannot be read: ${error.hint}` };
    }
  }
  return { things: [...things], unknown: undefined };
}
