import type { Registry, Thing, ThingGroup } from "./registry.js";

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
  const direct = [...(world.things.get(thingName)?.groups ?? [])];
  return new Set(direct.flatMap((group) => [group, ...groupsAbove(world, group)]));
}

/** Returns the dynamic groups that a thing is in, the one created last first. */
export function dynamicGroupsOf(world: Registry, thing: Readonly<Thing>): ThingGroup[] {
  return [...thing.groups]
    .flatMap((name) => (world.dynamicGroups.has(name) ? (world.groups.get(name) ?? []) : []))
    .sort((a, b) => b.sequence - a.sequence);
}
