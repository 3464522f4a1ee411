import { limitExceeded } from "../errors.js";
import type { RegistryContext } from "./context.js";
import { refreshMembers } from "./dynamic-membership.js";
import {
  checkKind,
  deleteGroup,
  existingGroup,
  type GroupDeletion,
  type GroupInput,
  type GroupUpdate,
  makeGroup,
  updateGroup,
} from "./groups.js";
import { indexedQuery } from "./index-configuration.js";
import type { ThingGroup } from "./registry.js";

/** AWS General Reference, "AWS IoT Core thing group limits". */
const DYNAMIC_GROUPS_MAX = 100;

/**
 * The same group again is no error. Its members are there at once; with AWS it takes a while.
 * @throws {AwsError} InvalidQuery, LimitExceeded, ResourceAlreadyExists when it exists otherwise
 */
export function createDynamicThingGroup(
  turn: RegistryContext,
  input: GroupInput & { queryString: string },
): Readonly<ThingGroup> {
  const { world } = turn;
  indexedQuery(world, input.queryString);
  if (world.dynamicGroups.size >= DYNAMIC_GROUPS_MAX && !world.groups.has(input.thingGroupName)) {
    throw limitExceeded(`There are ${DYNAMIC_GROUPS_MAX} dynamic thing groups already`);
  }
  const group = makeGroup(turn, input);
  world.dynamicGroups.add(group.thingGroupName);
  refreshMembers(turn, group);
  return group;
}

/**
 * Gives back the new version.
 * @throws {AwsError} ResourceNotFound, InvalidRequest for a static group, VersionConflict, InvalidQuery
 */
export function updateDynamicThingGroup(
  turn: RegistryContext,
  input: GroupUpdate & { queryString?: string | undefined },
): number {
  const group = existingGroup(turn.world, input.thingGroupName);
  checkKind(group, "dynamic");
  if (input.queryString !== undefined) indexedQuery(turn.world, input.queryString);
  const version = updateGroup(group, input);
  if (input.queryString !== undefined) {
    group.queryString = input.queryString;
    refreshMembers(turn, group);
  }
  return version;
}

/**
 * A group that is not there is no error. Its things leave it first.
 * @throws {AwsError} VersionConflict, InvalidRequest for a static group
 */
export function deleteDynamicThingGroup(turn: RegistryContext, input: GroupDeletion): void {
  deleteGroup(turn, "dynamic", input);
}
