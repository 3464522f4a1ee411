import { invalidRequest } from "../errors.js";
import { remove } from "../listing/indexes.js";
import { noteChange, noteMembership, type RegistryContext } from "./context.js";
import { checkKind, checkVersion, existingGroup, type GroupKind } from "./groups.js";
import { leaveGroup } from "./membership.js";
import type { Registry, ThingGroup } from "./registry.js";
import { doAllSteps, type Steps, stepsLeft } from "./steps.js";
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
  if (group.things.size <= stepsLeft(context))
    doAllSteps(context, groupDeletion(context, group.thingGroupName));
  else {
    world.groupDeletions ??= new Set();
    world.groupDeletions.add(group.thingGroupName);
  }
}

/** Removes the members of a group, and then the group. */
export function* groupDeletion(context: RegistryContext, thingGroupName: string): Steps {
  const { world } = context;
  const group = existingGroup(world, thingGroupName);
  for (const thingName of group.things) {
    noteMembership(context, thingName);
    leaveGroup(world, existingThing(world, thingName), group);
    noteChange(context, thingName, "registry");
    if (group.things.size > 0) yield;
  }
  world.groupDeletions?.delete(thingGroupName);
  removeGroup(world, group);
}

function removeGroup(world: Registry, group: ThingGroup): void {
  if (group.parent !== undefined) world.groups.get(group.parent)?.children.delete(group.thingGroupName);
  remove(world.groups, group.thingGroupName);
}
