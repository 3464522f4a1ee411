import type { World } from "../world.js";

/** Names of the things in a group; with `recursive` also of those in the groups below it. Each once. */
export function thingsOfGroup(world: World, groupName: string, recursive: boolean): Set<string> {
  const names = new Set(world.groups.get(groupName)?.things);
  if (recursive) {
    for (const below of groupsBelow(world, groupName)) {
      for (const thingName of world.groups.get(below)?.things ?? []) names.add(thingName);
    }
  }
  return names;
}

/** Names of all groups under `groupName`, at any depth, without itself. */
export function groupsBelow(world: World, groupName: string): string[] {
  const children = [...(world.groups.get(groupName)?.children ?? [])];
  return children.flatMap((child) => [child, ...groupsBelow(world, child)]);
}

/** Names of the groups above `groupName`, the root first, without itself. */
export function groupsAbove(world: World, groupName: string): string[] {
  const parent = world.groups.get(groupName)?.parent;
  return parent === undefined ? [] : [...groupsAbove(world, parent), parent];
}

/** Names of all groups that a thing belongs to, by itself or through a group below. */
export function groupsOfThing(world: World, thingName: string): Set<string> {
  const direct = [...(world.things.get(thingName)?.groups ?? [])];
  return new Set(direct.flatMap((group) => [group, ...groupsAbove(world, group)]));
}
