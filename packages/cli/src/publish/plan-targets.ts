import { FotaError, hintAnd, hintOf, isFotaError, shellWord } from "@fota/shared";
import { mapAtOnce } from "../at-once.js";
import type { Iot } from "../aws/iot.js";
import { targetArn } from "../aws/target-arn.js";
import type { JobSpec } from "../job/job-spec.js";
import { type Reach, reachOf } from "../job/reach.js";
import type { Target } from "../job/targets.js";
import { versionQueryHint } from "../job/version-query.js";
import { planQueryGroup, type QueryGroup, queriesIn } from "./query-group.js";

/** AWS allows hundreds of these requests per second. */
export const LOOKUPS_AT_ONCE = 8;

/** Plans the groups of `query:` targets. @throws {FotaError} what `planQueryGroup` throws */
export async function planQueryGroups(iot: Iot, targets: readonly Target[]): Promise<QueryGroup[]> {
  return await mapAtOnce(queriesIn(targets), LOOKUPS_AT_ONCE, (query) => planQueryGroup(iot, query));
}

/**
 * Returns the ARNs of the things and groups, without those of queries.
 * @throws {FotaError} THING_NOT_FOUND, GROUP_NOT_FOUND, TARGET_INVALID
 */
export async function findTargets(iot: Iot, targets: readonly Target[]): Promise<string[]> {
  const named = targets.filter(({ query }) => query === undefined);
  return [...new Set(await mapAtOnce(named, LOOKUPS_AT_ONCE, (target) => findTarget(iot, target)))];
}

async function findTarget(iot: Iot, target: Target): Promise<string> {
  const arn = await targetArn(iot, target).catch(withMakeGroup(target.name));
  if (target.arn === undefined || target.arn === arn) return arn;
  throw new FotaError("TARGET_INVALID", `${target.text} is not in this account, where its name is ${arn}`, {
    hint: "use credentials of the target's account (--profile)",
  });
}

/** Returns a handler for `catch` that adds to the hint how a publish makes a group. */
function withMakeGroup(group: string) {
  return (error: unknown): never => {
    if (!isFotaError(error, "GROUP_NOT_FOUND")) throw error;
    const { code, message, cause } = error;
    const make = `for a new group, name its things: --to <thing> --make-group ${shellWord(group)}`;
    throw new FotaError(code, message, { hint: hintAnd(hintOf(error), make), cause });
  };
}

/** Resolves the things of the targets. @throws {FotaError} GROUP_EMPTY */
export async function checkReach(iot: Iot, spec: JobSpec): Promise<Reach> {
  const reach = await reachOf(iot, spec.targets);
  if (reach.things.length > 0 || reach.unknown !== undefined || spec.continuous) return reach;
  const names = spec.targets.map(({ text }) => text).join(", ");
  throw new FotaError("GROUP_EMPTY", `there is no thing in ${names}`, {
    hint: spec.targets.every(({ query }) => query !== undefined)
      ? (spec.targets.flatMap(({ query = "" }) => versionQueryHint(query) ?? [])[0] ??
        "check the query, or add --continuous: then things that it finds later get the job")
      : "add things to it first, or add --continuous: then things that join later get the job",
  });
}
