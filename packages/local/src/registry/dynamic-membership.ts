import { noteMembership, type RegistryContext } from "./context.js";
import { ANY_FIELD, parseQuery, type Query, type ValuesOf } from "./query.js";
import type { Connectivity, Registry, Thing, ThingGroup } from "./registry.js";

/** AWS General Reference, "AWS IoT Core thing group limits". */
export const GROUPS_OF_A_THING_MAX = 10;

/** Lets the thing, whose values have changed, join and leave dynamic groups. */
export function refreshDynamicGroups(turn: RegistryContext, thing: Thing): void {
  if (turn.world.dynamicGroups.size === 0) return;
  noteMembership(turn, thing.thingName);
  sortIntoDynamicGroups(turn.world, thing);
}

/** As `refreshDynamicGroups`, where only who is connected has changed. */
export function refreshConnectivityGroups(turn: RegistryContext, thing: Thing): void {
  const groups = [...turn.world.dynamicGroups].flatMap((name) => turn.world.groups.get(name) ?? []);
  const asking = groups.filter((group) => queryOf(group).asksConnectivity);
  if (asking.length === 0) return;
  noteMembership(turn, thing.thingName);
  for (const group of asking) sortInto(turn.world, group, thing);
}

/** Lets every thing join or leave the group, whose query has changed. */
export function refreshMembers(turn: RegistryContext, group: ThingGroup): void {
  for (const thing of turn.world.things.values()) {
    if (belongs(turn.world, group, thing) === group.things.has(thing.thingName)) continue;
    noteMembership(turn, thing.thingName);
    sortInto(turn.world, group, thing);
  }
}

/** Puts the thing into the dynamic groups that find it and takes it out of those that do not. */
export function sortIntoDynamicGroups(world: Registry, thing: Thing): void {
  for (const name of world.dynamicGroups) {
    const group = world.groups.get(name);
    if (group !== undefined) sortInto(world, group, thing);
  }
}

/** Returns what queries see of a thing. Without `clients`, nothing is known of its connectivity. */
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

/** A thing that never connected is not connected, and has no other value. */
function connectivityValues(field: string, known: Readonly<Connectivity> | undefined): string[] {
  if (field === "connectivity.connected") return [String(isConnected(known))];
  if (known === undefined) return [];
  if (field === "connectivity.timestamp") return [String(known.sinceMs)];
  return known.disconnectReason === undefined ? [] : [known.disconnectReason];
}

export function isConnected(known: Connectivity | undefined): boolean {
  return known !== undefined && known.disconnectReason === undefined;
}

/** Names of the static groups that the thing was put into itself: a query must not depend on another's outcome. */
function staticGroupsOf(world: Registry, thing: Readonly<Thing>): string[] {
  return [...thing.groups].filter((name) => !world.dynamicGroups.has(name));
}

function sortInto(world: Registry, group: ThingGroup, thing: Thing): void {
  if (belongs(world, group, thing)) {
    group.things.add(thing.thingName);
    thing.groups.add(group.thingGroupName);
  } else {
    group.things.delete(thing.thingName);
    thing.groups.delete(group.thingGroupName);
  }
}

/** A thing that is in as many groups as it may be in joins no further dynamic one, as with AWS. */
function belongs(world: Registry, group: ThingGroup, thing: Thing): boolean {
  if (thing.groups.size >= GROUPS_OF_A_THING_MAX && !thing.groups.has(group.thingGroupName)) return false;
  const clients = world.connectivityIndexed ? world.connectivity : undefined;
  return queryOf(group).finds(valuesOfThing(world, thing, clients));
}

/** Queries are read once, not once for each of a hundred thousand things. */
const parsed = new WeakMap<ThingGroup, { text: string; query: Query }>();

function queryOf(group: ThingGroup): Query {
  const text = group.queryString ?? "";
  const known = parsed.get(group);
  if (known?.text === text) return known.query;
  const query = parseQuery(text);
  parsed.set(group, { text, query });
  return query;
}
