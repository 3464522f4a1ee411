import { listOf } from "../listing/indexes.js";
import { noteMembership, type RegistryContext, refreshInTicks } from "../registry/context.js";
import { existingGroup } from "../registry/groups.js";
import { dynamicGroupsOf, GROUPS_OF_A_THING_MAX, joinGroup, leaveGroup } from "../registry/membership.js";
import type { Thing, ThingGroup } from "../registry/registry.js";
import { type Steps, stepsLeft } from "../registry/steps.js";
import { existingThing } from "../registry/things.js";
import { IndexedThing } from "./indexed-thing.js";
import { type SearchWorld, thingIndexingOf } from "./indexing.js";
import { parseSavedQuery, type ThingQuery } from "./thing-query.js";

/** A running command as the index sees it. */
export interface SearchContext extends RegistryContext {
  world: SearchWorld;
}

/** Updates the dynamic groups of the things that the command has changed: only groups whose query asks for the change. */
export function followChanges(context: SearchContext): void {
  const { world, changedThings } = context;
  if (changedThings.size === 0) return; // to clear an empty Map makes garbage
  const changed = [...changedThings];
  changedThings.clear();
  if (world.dynamicGroups.size === 0) return;
  const groups = dynamicGroups(world);
  for (const [thingName, parts] of changed) {
    const thing = world.things.get(thingName);
    if (thing === undefined) continue;
    const indexed = new IndexedThing(world, thing, recordedConnectivity(world));
    for (const { group, query } of groups) {
      if ([...parts].some((part) => query.parts.has(part)))
        updateMembership(context, group, query, thing, indexed);
    }
  }
}

/** Updates the members of a group whose query has changed. With many things, ticks do it. */
export function refreshMembers(context: SearchContext, group: ThingGroup): void {
  const { world } = context;
  if (world.things.size > stepsLeft(context)) refreshInTicks(world, group.thingGroupName);
  else for (const thing of world.things.values()) compare(context, group, thing);
}

/** Compares the next things with the query of a group that is being refreshed. */
export function* groupRefresh(context: SearchContext, thingGroupName: string): Steps {
  const { things, groupRefreshes } = context.world;
  const group = existingGroup(context.world, thingGroupName);
  const after = groupRefreshes?.get(thingGroupName);
  for (const { thingName, sequence } of listOf(things).candidates(after, "oldestFirst")) {
    compare(context, group, existingThing(context.world, thingName));
    groupRefreshes?.set(thingGroupName, sequence);
    yield;
  }
  groupRefreshes?.delete(thingGroupName);
}

function compare(context: SearchContext, group: ThingGroup, thing: Thing): void {
  const { world } = context;
  const indexed = new IndexedThing(world, thing, recordedConnectivity(world));
  updateMembership(context, group, parsedQuery(group), thing, indexed);
}

/**
 * Makes a thing a member of a group if the query finds it, else not. As with AWS, the members of a group stay while
 * what its query asks for is not indexed.
 */
function updateMembership(
  context: SearchContext,
  group: ThingGroup,
  query: ThingQuery,
  thing: Thing,
  indexed: IndexedThing,
): void {
  const { world } = context;
  if (thingIndexingOf(world).thingIndexingMode === "OFF" || !query.isIndexed(world)) return;
  const isFound = query.finds(indexed);
  if (isFound === group.things.has(thing.thingName)) return;
  noteMembership(context, thing.thingName);
  if (!isFound) leaveGroup(world, thing, group);
  else if (makeRoom(world, thing, group)) joinGroup(world, thing, group);
}

/**
 * Returns whether the thing may be in one more group. As at AWS, a thing in the maximum number of groups leaves its newest
 * dynamic group for an older one, and joins no newer one.
 */
function makeRoom(world: SearchWorld, thing: Thing, group: ThingGroup): boolean {
  if (thing.groups.size < GROUPS_OF_A_THING_MAX) return true;
  const [newest] = dynamicGroupsOf(world, thing);
  if (newest === undefined || newest.sequence < group.sequence) return false;
  leaveGroup(world, thing, newest);
  return true;
}

function recordedConnectivity(world: SearchWorld) {
  return world.connectivityIndexed ? world.connectivity : undefined;
}

function dynamicGroups(world: SearchWorld): { group: ThingGroup; query: ThingQuery }[] {
  return [...world.dynamicGroups].flatMap((name) => {
    const group = world.groups.get(name);
    return group === undefined ? [] : [{ group, query: parsedQuery(group) }];
  });
}

/** Parsed queries: each is parsed once, not once for each of a hundred thousand things. */
const parsed = new WeakMap<ThingGroup, { text: string; query: ThingQuery }>();

function parsedQuery(group: ThingGroup): ThingQuery {
  const text = group.queryString ?? "";
  const known = parsed.get(group);
  if (known?.text === text) return known.query;
  const query = parseSavedQuery(text);
  parsed.set(group, { text, query });
  return query;
}
