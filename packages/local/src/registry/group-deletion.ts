import { invalidRequest } from "../errors.js";
import { remove } from "../listing/indexes.js";
import { firstOf } from "../listing/list-index.js";
import { noteChange, noteMembership, type RegistryContext } from "./context.js";
import { checkKind, checkVersion, existingGroup, type GroupKind } from "./groups.js";
import { leaveGroup } from "./membership.js";
import type { Registry, ThingGroup } from "./registry.js";
import { existingThing } from "./things.js";

export interface GroupDeletion {
  thingGroupName: string;
  expectedVersion?: number | undefined;
}

/**
 * Removes a static group and the memberships in it. If those are many, ticks do it. Deleting a missing group is not an
 * error.
 * @throws {AwsError} VersionConflict; InvalidRequest for a dynamic group, and while it has child groups
 */
export function deleteThingGroup(context: RegistryContext, input: GroupDeletion): void {
  deleteGroup(context, "static", input);
}

/** Removes a group of either kind. @throws {AwsError} as `deleteThingGroup` */
export function deleteGroup(context: RegistryContext, kind: GroupKind, input: GroupDeletion): void {
  const { world } = context;
  const group = world.groups.get(input.thingGroupName);
  if (group === undefined) return;
  checkKind(group, kind);
  checkVersion(group, input.expectedVersion);
  if (group.children.size > 0) {
    throw invalidRequest(`Thing group ${group.thingGroupName} still has child groups`);
  }
  if (world.groupDeletions?.has(group.thingGroupName)) return;
  world.dynamicGroups.delete(group.thingGroupName);
  world.groupRefreshes?.delete(group.thingGroupName);
  removeMembers(context, group, context.sliceSize);
  if (group.things.size === 0) removeGroup(world, group);
  else {
    world.groupDeletions ??= new Set();
    world.groupDeletions.add(group.thingGroupName);
  }
}

/** Removes the next members of the groups that are being deleted, and the groups that have none left. */
export function continueGroupDeletions(context: RegistryContext): void {
  const { world } = context;
  let left = context.sliceSize;
  for (const name of world.groupDeletions ?? []) {
    if (left === 0) return;
    const group = existingGroup(world, name);
    left -= removeMembers(context, group, left);
    if (group.things.size > 0) continue;
    world.groupDeletions?.delete(name);
    removeGroup(world, group);
  }
}

/** Removes at most `limit` members. Returns how many. */
function removeMembers(context: RegistryContext, group: ThingGroup, limit: number): number {
  const members = firstOf(group.things, limit);
  for (const thingName of members) {
    noteMembership(context, thingName);
    leaveGroup(context.world, existingThing(context.world, thingName), group);
    noteChange(context, thingName, "registry");
  }
  return members.length;
}

function removeGroup(world: Registry, group: ThingGroup): void {
  if (group.parent !== undefined) world.groups.get(group.parent)?.children.delete(group.thingGroupName);
  remove(world.groups, group.thingGroupName);
}
