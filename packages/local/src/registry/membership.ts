import { addName, change, indexOf, listOf, removeName } from "../listing/indexes.js";
import { type KeyKind, keyKind } from "../listing/key-lists.js";
import { type InOrder, itemsOf } from "../listing/list-index.js";
import { readFrom } from "../state/watched-map.js";
import { withName, withoutName } from "./names.js";
import type { BillingGroup, Registry, Thing, ThingGroup } from "./registry.js";

/** AWS General Reference, "AWS IoT Core thing group limits". */
export const GROUPS_OF_A_THING_MAX = 10;

/** Returns the names of the things in a group; with `recursive` also in the groups below it. Each name appears once. */
export function thingsOfGroup(world: Registry, groupName: string, recursive: boolean): ReadonlySet<string> {
  const own = world.groups.get(groupName)?.things ?? new Set();
  const below = recursive ? groupsBelow(world, groupName) : [];
  if (below.length === 0) return own;
  const names = new Set(own);
  for (const group of below) {
    for (const thingName of world.groups.get(group)?.things ?? []) names.add(thingName);
  }
  return names;
}

/** Returns the names of all groups below `groupName`, at any depth, without itself. */
export function groupsBelow(world: Registry, groupName: string): string[] {
  const children = [...(world.groups.get(groupName)?.children ?? [])];
  return children.flatMap((child) => [child, ...groupsBelow(world, child)]);
}

/** Returns the names of the groups above `groupName`, the root first, without itself. */
export function groupsAbove(world: Registry, groupName: string): string[] {
  const parent = world.groups.get(groupName)?.parent;
  return parent === undefined ? [] : [...groupsAbove(world, parent), parent];
}

/** Returns the names of all groups that contain a thing, directly or through a group below them. */
export function groupsOfThing(world: Registry, thingName: string): Set<string> {
  const thing = readFrom(world.things, thingName);
  return thing === undefined ? new Set() : withGroupsAbove(world, thing);
}

function withGroupsAbove(world: Registry, thing: Readonly<Thing>): Set<string> {
  return new Set([...thing.groups].flatMap((group) => [group, ...groupsAbove(world, group)]));
}

/** Returns the dynamic groups that a thing is in, the one created last first. */
export function dynamicGroupsOf(world: Registry, thing: Readonly<Thing>): ThingGroup[] {
  return [...thing.groups]
    .flatMap((name) => (world.dynamicGroups.has(name) ? (world.groups.get(name) ?? []) : []))
    .sort((a, b) => b.sequence - a.sequence);
}

/** Adds a thing to a group. */
export function joinGroup({ things }: Registry, thing: Thing, group: ThingGroup): void {
  change(things, thing, () => {
    thing.groups = withName(thing.groups, group.thingGroupName);
  });
  addName(group.things, thing.thingName, thing);
}

/** Removes a thing from a group. Call it before a change of the groups that are above. */
export function leaveGroup({ things }: Registry, thing: Thing, group: ThingGroup): void {
  change(things, thing, () => {
    thing.groups = withoutName(thing.groups, group.thingGroupName);
  });
  removeName(group.things, thing.thingName, thing);
}

/** Members of a group from which its list is found among all things, which takes no time to look up each member. */
const LARGE_GROUP = 10_000;

/** Returns the things in a group; with `recursive` also those in the groups below it. */
export function listThingsOfGroup(world: Registry, group: ThingGroup, recursive: boolean): InOrder<Thing> {
  const { thingGroupName, things, children } = group;
  if (recursive && children.size > 0) return listOf(world.things).withKey(byAnyGroup(world), thingGroupName);
  if (things.size < LARGE_GROUP) return listNamedThings(world, group);
  return listOf(world.things).withKey(byGroup, thingGroupName);
}

const byGroup = keyKind<Thing>(
  ({ groups }) => groups,
  ({ groups }, key) => groups.has(key),
);

/** Returns the things in a billing group. */
export function listThingsOfBillingGroup(world: Registry, group: BillingGroup): InOrder<Thing> {
  if (group.things.size < LARGE_GROUP) return listNamedThings(world, group);
  return listOf(world.things).withKey(byBillingGroup, group.billingGroupName);
}

const byBillingGroup = keyKind<Thing>(
  ({ billingGroupName }) => (billingGroupName === undefined ? [] : [billingGroupName]),
  ({ billingGroupName }, key) => billingGroupName === key,
);

/** Returns the things that a group directly contains. */
function listNamedThings(
  { things }: Registry,
  group: Pick<ThingGroup | BillingGroup, "things">,
): InOrder<Thing> {
  return indexOf(group.things, () => [...group.things].flatMap((name) => things.get(name) ?? []));
}

/** Returns the groups below `parent`, or all groups without a parent; with `recursive` at any depth. */
export function listGroupsBelow(
  world: Registry,
  parent: string | undefined,
  recursive: boolean,
): InOrder<ThingGroup> {
  const groups = listOf(world.groups);
  if (!recursive) return groups.withKey(byParent, parent ?? NO_PARENT);
  return parent === undefined ? groups : groups.withKey(byAnyParent(world), parent);
}

const NO_PARENT = "";
const byParent = keyKind<ThingGroup>(({ parent = NO_PARENT }) => [parent]);

/** Returns a kind of keys that need the registry, always the same for a registry. */
function ofRegistry<T>(makeKeysOf: (world: Registry) => (item: T) => Iterable<string>) {
  const made = new WeakMap<Registry, KeyKind<T>>();
  return (world: Registry): KeyKind<T> => {
    const kind = made.get(world) ?? keyKind(makeKeysOf(world));
    made.set(world, kind);
    return kind;
  };
}

const byAnyParent = ofRegistry<ThingGroup>(
  (world) => (group) =>
    group.parent === undefined ? [] : [...groupsAbove(world, group.parent), group.parent],
);

const byAnyGroup = ofRegistry<Thing>((world) => (thing) => withGroupsAbove(world, thing));

const byId = keyKind<ThingGroup>(({ thingGroupId }) => [thingGroupId]);

export function groupWithId(world: Registry, thingGroupId: string): ThingGroup | undefined {
  const [group] = itemsOf(listOf(world.groups).withKey(byId, thingGroupId), undefined, "oldestFirst");
  return group;
}
