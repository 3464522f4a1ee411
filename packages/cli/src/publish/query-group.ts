import { setTimeout as sleep } from "node:timers/promises";
import { FotaError } from "@fota/shared";
import { createDynamicGroup, findDynamicGroup } from "../aws/dynamic-groups.js";
import type { Iot } from "../aws/iot.js";
import { listThingNames } from "../aws/names.js";
import { listThingsInGroup } from "../aws/thing-groups.js";
import { findThing } from "../aws/things.js";
import { namesFoundBy } from "../job/reach.js";
import type { Target } from "../job/targets.js";

/** Holds the dynamic group of a `query:` target. Its name is made of the query: the same query has the same group. */
export interface QueryGroup {
  name: string;
  query: string;
  arn: string;
  /** True if the group exists already. */
  exists: boolean;
}

/** AWS IoT fills a new group within seconds, a large one within minutes. */
const LOOKED_AGAIN_AFTER_MS = 1_000;
const ACTIVE_TRIES = 180;
const LISTED_TRIES = 60;
const MISSING_SHOWN_MAX = 3;

/**
 * Plans the group of a query. Creates nothing.
 * @throws {FotaError} QUERY_INVALID, INDEX_OFF; GROUP_EXISTS if a group of that name has another query; GROUP_EMPTY if
 * the account has no thing
 */
export async function planQueryGroup(
  iot: Iot,
  { name, query }: { name: string; query: string },
): Promise<QueryGroup> {
  const found = await findDynamicGroup(iot, name);
  if (found !== undefined && found.queryString !== query) {
    throw new FotaError("GROUP_EXISTS", `group ${name} exists and has another query`, {
      hint: "delete that group: fota derives its name from the query",
    });
  }
  if (found !== undefined) return { name, query, arn: found.arn, exists: true };
  const arn = await anyThingArn(iot, query);
  if (arn === undefined) {
    throw new FotaError("GROUP_EMPTY", `no thing matches query:${query}: this account has none`, {
      hint: "check the region and the account (--region, --profile, --local)",
    });
  }
  return { name, query, arn: `${arn.split(":").slice(0, 5).join(":")}:thinggroup/${name}`, exists: false };
}

/**
 * Returns the ARN of a thing that the query finds, else of any thing; `undefined` if there is none. The index may still
 * have things that were deleted.
 */
async function anyThingArn(iot: Iot, query: string): Promise<string | undefined> {
  for (const names of [namesFoundBy(iot, query), listThingNames(iot)]) {
    for await (const thingName of names) {
      const thing = await findThing(iot, thingName);
      if (thing !== undefined) return thing.arn;
    }
  }
  return undefined;
}

/**
 * Creates the group if it is missing, and waits until AWS IoT has put the things into it that the query finds: a job would
 * miss the others.
 * @throws {FotaError} AWS_ERROR when some are still missing after a minute, with names
 */
export async function makeQueryGroup(
  iot: Iot,
  { name, query, exists }: QueryGroup,
  signal: AbortSignal,
): Promise<void> {
  if (!exists) await createDynamicGroup(iot, name, query);
  await waitUntilActive(iot, name, signal);
  let missing: string[] = [];
  for (let tries = 0; tries < LISTED_TRIES; tries += 1) {
    if (tries > 0) await sleep(LOOKED_AGAIN_AFTER_MS, undefined, { signal });
    missing = await missingFrom(iot, name, query);
    if (missing.length === 0) return;
  }
  const shown = missing.slice(0, MISSING_SHOWN_MAX).join(", ");
  const more = missing.length > MISSING_SHOWN_MAX ? ` and ${missing.length - MISSING_SHOWN_MAX} more` : "";
  throw new FotaError("AWS_ERROR", `AWS IoT has not put ${shown}${more} into group ${name} yet`, {
    hint: "run the same command again; no job was created. A thing that is in 10 groups joins no other one: name it with --to",
  });
}

async function waitUntilActive(iot: Iot, name: string, signal: AbortSignal): Promise<void> {
  for (let tries = 0; tries < ACTIVE_TRIES; tries += 1) {
    if ((await findDynamicGroup(iot, name))?.active === true) return;
    await sleep(LOOKED_AGAIN_AFTER_MS, undefined, { signal });
  }
  throw new FotaError("AWS_ERROR", `AWS IoT is still looking for the things of group ${name}`, {
    hint: "run the same command again in some minutes; no job was created",
  });
}

/** Returns the things that the query finds and the group does not have. */
async function missingFrom(iot: Iot, name: string, query: string): Promise<string[]> {
  const members = new Set<string>();
  for await (const thing of listThingsInGroup(iot, name)) members.add(thing);
  const missing: string[] = [];
  for await (const thingName of namesFoundBy(iot, query)) {
    if (!members.has(thingName) && !(await isDeleted(iot, thingName, missing.length)))
      missing.push(thingName);
  }
  return missing;
}

/** Tells whether the index still has a thing that was deleted. Looks up only the first few that are missing. */
async function isDeleted(iot: Iot, thingName: string, missingBefore: number): Promise<boolean> {
  return missingBefore < MISSING_SHOWN_MAX && (await findThing(iot, thingName)) === undefined;
}

/** Returns the query of each `query:` target, once. */
export function queriesIn(targets: readonly Target[]): { name: string; query: string }[] {
  const queries = new Map(targets.flatMap(({ name, query }) => (query === undefined ? [] : [[name, query]])));
  return [...queries].map(([name, query]) => ({ name, query }));
}
