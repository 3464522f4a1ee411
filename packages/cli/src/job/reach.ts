import { isFotaError } from "@fota/shared";
import { nameOf } from "../aws/errors.js";
import { searchThings } from "../aws/fleet-index.js";
import type { Iot } from "../aws/iot.js";
import { groupNotFound, listThingsInGroup } from "../aws/thing-groups.js";
import type { JobSpec } from "./job-spec.js";
import type { Target } from "./targets.js";

/** Holds the things that a job is for, as far as they are known beforehand. */
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

/**
 * Lists the things of the targets, including the members of groups; of more than `max`, only some.
 * @throws {FotaError} GROUP_NOT_FOUND and other translated AWS errors
 */
export async function reachOf(iot: Iot, targets: readonly Target[], max = COUNTED_MAX): Promise<Reach> {
  const things = new Set<string>();
  for (const { kind, name, query } of targets) {
    if (kind === "thing") {
      things.add(name);
      continue;
    }
    try {
      const members = query === undefined ? listThingsInGroup(iot, name) : namesFoundBy(iot, query);
      for await (const thing of members) {
        things.add(thing);
        if (things.size > max) return { things: [...things], unknown: `more than ${max} things` };
      }
    } catch (error) {
      if (query === undefined && isFotaError(error) && nameOf(error.cause) === "ResourceNotFoundException")
        throw groupNotFound(name);
      if (!isFotaError(error, "ACCESS_DENIED")) throw error;
      return {
        things: [...things],
        unknown: `the ${query === undefined ? `members of group ${name}` : `things of query:${query}`} cannot be read: ${error.hint}`,
      };
    }
  }
  return { things: [...things], unknown: undefined };
}

/** Lists what the index finds now: the dynamic group of the query may not exist yet, and follows the index. */
export async function* namesFoundBy(iot: Iot, query: string): AsyncGenerator<string> {
  for await (const { thingName } of searchThings(iot, query)) yield thingName;
}
