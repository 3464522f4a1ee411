import { invalidRequest } from "../errors.js";
import { noteChange, noteMembership, type RegistryContext } from "./context.js";
import { checkKind, checkStays, existingGroup } from "./groups.js";
import { dynamicGroupsOf, GROUPS_OF_A_THING_MAX, joinGroup, leaveGroup } from "./membership.js";
import type { Registry, Thing, ThingGroup } from "./registry.js";
import { existingThing } from "./things.js";

export interface MembershipInput {
  thingName: string;
  thingGroupName: string;
}

/**
 * Adds a thing to a static group. CONTINUOUS jobs on the group, or on one above it, reach the thing at once.
 * @throws {AwsError} ResourceNotFound, InvalidRequest
 */
export function addThingToGroup(
  context: RegistryContext,
  input: MembershipInput & { overrideDynamicGroups?: boolean },
): void {
  const { thingName, thingGroupName, overrideDynamicGroups = false } = input;
  updateGroupsOfThing(context, { thingName, add: [thingGroupName], remove: [], overrideDynamicGroups });
}

/** @throws {AwsError} ResourceNotFound, InvalidRequest for a dynamic group */
export function removeThingFromGroup(
  context: RegistryContext,
  { thingName, thingGroupName }: MembershipInput,
): void {
  updateGroupsOfThing(context, {
    thingName,
    add: [],
    remove: [thingGroupName],
    overrideDynamicGroups: false,
  });
}

export interface GroupsOfThingInput {
  thingName: string;
  /** Names of static groups. */
  add: string[];
  remove: string[];
  /** If the thing would be in too many groups, it leaves dynamic ones, the one created last first. */
  overrideDynamicGroups: boolean;
}

/**
 * Adds a thing to groups and removes it from others, in one step.
 * @throws {AwsError} ResourceNotFound, InvalidRequest
 */
export function updateGroupsOfThing(context: RegistryContext, input: GroupsOfThingInput): void {
  const { world } = context;
  const [toJoin, toLeave] = [input.add, input.remove].map((names) =>
    names.map((name) => staticGroup(world, name)),
  ) as [ThingGroup[], ThingGroup[]];
  for (const group of toJoin) checkStays(world, group);
  const thing = existingThing(world, input.thingName);
  const overridden = groupsToLeave(world, thing, input);
  noteMembership(context, thing.thingName);
  for (const group of [...toLeave, ...overridden]) leaveGroup(world, thing, group);
  for (const group of toJoin) joinGroup(world, thing, group);
  noteChange(context, thing.thingName, "registry");
}

/** Returns the dynamic groups that the thing must leave to stay within the limit. @throws {AwsError} InvalidRequest */
function groupsToLeave(world: Registry, thing: Thing, input: GroupsOfThingInput): ThingGroup[] {
  const kept = [...thing.groups].filter((name) => !input.remove.includes(name));
  const excess = new Set([...kept, ...input.add]).size - GROUPS_OF_A_THING_MAX;
  if (excess <= 0) return [];
  const dynamic = input.overrideDynamicGroups ? dynamicGroupsOf(world, thing) : [];
  if (dynamic.length < excess) {
    throw invalidRequest(
      `Thing ${thing.thingName} would be in more than ${GROUPS_OF_A_THING_MAX} thing groups`,
    );
  }
  return dynamic.slice(0, excess);
}

function staticGroup(world: Registry, thingGroupName: string): ThingGroup {
  const group = existingGroup(world, thingGroupName);
  checkKind(group, "static");
  return group;
}
