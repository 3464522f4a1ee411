import { noteMembership, type RegistryContext } from "./context.js";
import { ANY_FIELD, parseQuery, type Query, type ValuesOf } from "./query.js";
import type { Connectivity, Registry, Thing, ThingGroup } from "./registry.js";

/** AWS General Reference, "AWS IoT Core thing group limits". */
export const GROUPS_OF_A_THING_MAX = 10;

/** Updates the dynamic groups of a thing whose values have changed. */
export function refreshDynamicGroups(context: RegistryContext, thing: Thing): void {
  if (context.world.dynamicGroups.size === 0) return;
  noteMembership(context, thing.thingName);
  updateDynamicMemberships(context.world, thing);
}

/** Updates the dynamic groups of a thing whose connectivity has changed: only groups that ask for it. */
export function refreshConnectivityGroups(context: RegistryContext, thing: Thing): void {
  const groups = [...context.world.dynamicGroups].flatMap((name) => context.world.groups.get(name) ?? []);
  const affected = groups.filter((group) => parsedQuery(group).usesConnectivity);
  if (affected.length === 0) return;
  noteMembership(context, thing.thingName);
  for (const group of affected) updateMembership(context.world, group, thing);
}

/** Updates the members of a group whose query has changed. */
export function refreshMembers(context: RegistryContext, group: ThingGroup): void {
  for (const thing of context.world.things.values()) {
    if (belongs(context.world, group, thing) === group.things.has(thing.thingName)) continue;
    noteMembership(context, thing.thingName);
    updateMembership(context.world, group, thing);
  }
}

/** Adds the thing to the dynamic groups whose query finds it, and removes it from the others. */
export function updateDynamicMemberships(world: Registry, thing: Thing): void {
  for (const name of world.dynamicGroups) {
    const group = world.groups.get(name);
    if (group !== undefined) updateMembership(world, group, thing);
  }
}

/** Returns a lookup of a thing's values for queries. Without `clients`, the thing has no connectivity values. */
export function valuesOfThing(
  world: Registry,
  thing: Readonly<Thing>,
  clients: ReadonlyMap<string, Connectivity> | undefined,
): ValuesOf {
  return (field) => {
    if (field === "thingName") return [thing.thingName];
    if (field === "thingId") return [thing.thingId];
    if (field === "thingTypeName") return thing.thingTypeName === undefined ? [] : [thing.thingTypeName];
    if (field === "thingGroupNames") return staticGroupsOf(world, thing);
    if (field.startsWith("connectivity.")) {
      return clients === undefined ? [] : connectivityValues(field, clients.get(thing.thingName));
    }
    if (field === ANY_FIELD) {
      const type = thing.thingTypeName === undefined ? [] : [thing.thingTypeName];
      const values = Object.values(thing.attributes);
      return [thing.thingName, thing.thingId, ...type, ...staticGroupsOf(world, thing), ...values];
    }
    const name = field.slice("attributes.".length);
    const value = Object.hasOwn(thing.attributes, name) ? thing.attributes[name] : undefined;
    return value === undefined ? [] : [value];
  };
}

/** A thing that never connected counts as not connected, without a timestamp or a reason. */
function connectivityValues(field: string, known: Readonly<Connectivity> | undefined): string[] {
  if (field === "connectivity.connected") return [String(isConnected(known))];
  if (known === undefined) return [];
  if (field === "connectivity.timestamp") return [String(known.sinceMs)];
  return known.disconnectReason === undefined ? [] : [known.disconnectReason];
}

export function isConnected(known: Connectivity | undefined): boolean {
  return known !== undefined && known.disconnectReason === undefined;
}

/** Returns the static groups that directly contain the thing: a query must not depend on the result of another one. */
function staticGroupsOf(world: Registry, thing: Readonly<Thing>): string[] {
  return [...thing.groups].filter((name) => !world.dynamicGroups.has(name));
}

function updateMembership(world: Registry, group: ThingGroup, thing: Thing): void {
  if (belongs(world, group, thing)) {
    group.things.add(thing.thingName);
    thing.groups.add(group.thingGroupName);
  } else {
    group.things.delete(thing.thingName);
    thing.groups.delete(group.thingGroupName);
  }
}

/** As with AWS, a thing that is in the maximum number of groups joins no further dynamic group. */
function belongs(world: Registry, group: ThingGroup, thing: Thing): boolean {
  if (thing.groups.size >= GROUPS_OF_A_THING_MAX && !thing.groups.has(group.thingGroupName)) return false;
  const clients = world.connectivityIndexed ? world.connectivity : undefined;
  return parsedQuery(group).finds(valuesOfThing(world, thing, clients));
}

/** Parsed queries: each is parsed once, not once for each of a hundred thousand things. */
const parsed = new WeakMap<ThingGroup, { text: string; query: Query }>();

function parsedQuery(group: ThingGroup): Query {
  const text = group.queryString ?? "";
  const known = parsed.get(group);
  if (known?.text === text) return known.query;
  const query = parseQuery(text);
  parsed.set(group, { text, query });
  return query;
}
