import { limitExceeded } from "../errors.js";
import { deleteGroup, type GroupDeletion } from "../registry/group-deletion.js";
import {
  addGroup,
  checkKind,
  existingGroup,
  type GroupInput,
  type GroupUpdate,
  updateGroup,
} from "../registry/groups.js";
import type { ThingGroup } from "../registry/registry.js";
import { refreshMembers, type SearchContext } from "./dynamic-membership.js";

/** AWS General Reference, "AWS IoT Core thing group limits". */
const DYNAMIC_GROUPS_MAX = 100;

/**
 * Creates a dynamic group. Its members belong to it at once; with AWS that takes a while. Creating an identical group
 * again is not an error. The query is checked before: a journal may have one that an older build accepted.
 * @throws {AwsError} LimitExceeded; ResourceAlreadyExists if the group has other properties
 */
export function createDynamicThingGroup(
  context: SearchContext,
  input: GroupInput & { queryString: string },
): Readonly<ThingGroup> {
  const { world } = context;
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
 * @throws {AwsError} ResourceNotFound, InvalidRequest for a static group, VersionConflict
 */
export function updateDynamicThingGroup(
  context: SearchContext,
  input: GroupUpdate & { queryString?: string | undefined },
): number {
  const group = existingGroup(context.world, input.thingGroupName);
  checkKind(group, "dynamic");
  const version = updateGroup(context.world, group, input);
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
export function deleteDynamicThingGroup(context: SearchContext, input: GroupDeletion): void {
  deleteGroup(context, "dynamic", input);
}
