import { limitExceeded } from "../errors.js";
import type { RegistryContext } from "./context.js";
import { refreshMembers } from "./dynamic-membership.js";
import {
  addGroup,
  checkKind,
  deleteGroup,
  existingGroup,
  type GroupDeletion,
  type GroupInput,
  type GroupUpdate,
  updateGroup,
} from "./groups.js";
import { parseIndexedQuery } from "./index-configuration.js";
import type { ThingGroup } from "./registry.js";

/** AWS General Reference, "AWS IoT Core thing group limits". */
const DYNAMIC_GROUPS_MAX = 100;

/**
 * Creates a dynamic group. Its members belong to it at once; with AWS that takes a while. Creating an identical group
 * again is not an error.
 * @throws {AwsError} InvalidQuery, LimitExceeded; ResourceAlreadyExists if the group has other properties
 */
export function createDynamicThingGroup(
  context: RegistryContext,
  input: GroupInput & { queryString: string },
): Readonly<ThingGroup> {
  const { world } = context;
  parseIndexedQuery(world, input.queryString);
  if (world.dynamicGroups.size >= DYNAMIC_GROUPS_MAX && !world.groups.has(input.thingGroupName)) {
    throw limitExceeded(`There are already ${DYNAMIC_GROUPS_MAX} dynamic thing groups`);
  }
  const group = addGroup(context, input);
  world.dynamicGroups.add(group.thingGroupName);
  refreshMembers(context, group);
  return group;
}

/**
 * Returns the new version.
 * @throws {AwsError} ResourceNotFound, InvalidRequest for a static group, VersionConflict, InvalidQuery
 */
export function updateDynamicThingGroup(
  context: RegistryContext,
  input: GroupUpdate & { queryString?: string | undefined },
): number {
  const group = existingGroup(context.world, input.thingGroupName);
  checkKind(group, "dynamic");
  if (input.queryString !== undefined) parseIndexedQuery(context.world, input.queryString);
  const version = updateGroup(group, input);
  if (input.queryString !== undefined) {
    group.queryString = input.queryString;
    refreshMembers(context, group);
  }
  return version;
}

/**
 * Removes a dynamic group and the memberships in it. Deleting a missing group is not an error.
 * @throws {AwsError} VersionConflict, InvalidRequest for a static group
 */
export function deleteDynamicThingGroup(context: RegistryContext, input: GroupDeletion): void {
  deleteGroup(context, "dynamic", input);
}
