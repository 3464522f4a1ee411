import { noteMembership, type RegistryContext } from "../registry/context.js";
import { GROUPS_OF_A_THING_MAX } from "../registry/membership.js";
import type { Thing, ThingGroup } from "../registry/registry.js";
import { type SearchWorld, thingIndexingOf } from "./indexing.js";
import { type IndexedThing, indexedThing } from "./thing-fields.js";
import { parseSavedQuery, type ThingQuery } from "./thing-query.js";

/** A running command as the index sees it. */
export interface SearchContext extends RegistryContext {
  world: SearchWorld;
}

/** Updates the dynamic groups of the things that the command has changed: only groups whose query asks for the change. */
export function followChanges(context: SearchContext): void {
  const { world, changedThings } = context;
  const changed = [...changedThings];
  changedThings.clear();
  if (world.dynamicGroups.size === 0) return;
  const groups = dynamicGroups(world);
  for (const [thingName, parts] of changed) {
    const thing = world.things.get(thingName);
    if (thing === undefined) continue;
    const indexed = indexedThing(world, thing, recordedConnectivity(world));
    for (const { group, query } of groups) {
      if ([...parts].some((part) => query.parts.has(part))) updateMembership(context, group, query, indexed);
    }
  }
}

/** Updates the members of a group whose query has changed. */
export function refreshMembers(context: SearchContext, group: ThingGroup): void {
  const { world } = context;
  const query = parsedQuery(group);
  for (const thing of world.things.values()) {
    updateMembership(context, group, query, indexedThing(world, thing, recordedConnectivity(world)));
  }
}

/**
 * Makes a thing a member of a group if the query finds it, else not. As with AWS, the members of a group stay while
 * what its query asks for is not indexed.
 */
function updateMembership(
  context: SearchContext,
  group: ThingGroup,
  query: ThingQuery,
  indexed: IndexedThing,
): void {
  const { world } = context;
  const { thing } = indexed;
  if (thingIndexingOf(world).thingIndexingMode === "OFF" || !query.isIndexed(world)) return;
  const belongs = hasRoom(thing, group) && query.finds(indexed);
  if (belongs === group.things.has(thing.thingName)) return;
  noteMembership(context, thing.thingName);
  const groups = world.things.get(thing.thingName)?.groups;
  if (belongs) {
    group.things.add(thing.thingName);
    groups?.add(group.thingGroupName);
  } else {
    group.things.delete(thing.thingName);
    groups?.delete(group.thingGroupName);
  }
}

/** As with AWS, a thing that is in the maximum number of groups joins no further dynamic group. */
function hasRoom(thing: Readonly<Thing>, group: ThingGroup): boolean {
  return thing.groups.size < GROUPS_OF_A_THING_MAX || thing.groups.has(group.thingGroupName);
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
