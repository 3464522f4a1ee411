import { isFotaError } from "@fota/shared";
import type { Iot } from "../aws/iot.js";
import { listThingsInGroup } from "../aws/thing-groups.js";
import type { JobSpec } from "../job/job-spec.js";
import type { Target } from "../job/targets.js";

/** The things that a publish is for, as far as they can be known beforehand. */
export interface Reach {
  /** Each once. */
  things: string[];
  /** Why there may be more of them; `undefined`: these are all. */
  unknown: string | undefined;
}

/** Groups are listed as far as this: to count a larger fleet takes longer than it helps. */
const COUNTED_MAX = 50_000;

/** Whether more things can come to get the job later. */
export function isOpen({
  continuous,
  makeGroup,
  targets,
}: Pick<JobSpec, "continuous" | "makeGroup" | "targets">): boolean {
  return continuous && (makeGroup !== undefined || targets.some(({ kind }) => kind === "group"));
}

/** Lists the members of the groups, too. */
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
