import { iotArn } from "../account.js";
import { alreadyExists, invalidRequest, notFound, versionConflict } from "../errors.js";
import { changeMembership, removeUncovered } from "../jobs/targets.js";
import { nextSequence, randomUuid, type ThingGroup, type Turn, type World } from "../world.js";
import { groupsAbove } from "./membership.js";
import { existingThing } from "./things.js";

// AWS General Reference, "AWS IoT Core thing group limits".
const DEPTH_MAX = 7;
const CHILDREN_MAX = 100;
const GROUPS_OF_A_THING_MAX = 10;

export interface GroupInput {
  thingGroupName: string;
  description?: string | undefined;
  attributes: Record<string, string>;
}

/**
 * The same group again is no error.
 * @throws {AwsError} ResourceNotFound (parent), ResourceAlreadyExists when it exists otherwise, InvalidRequest
 */
export function createThingGroup(
  turn: Turn,
  input: GroupInput & { parent?: string | undefined },
): Readonly<ThingGroup> {
  const { world } = turn;
  const { thingGroupName: name, parent: parentName } = input;
  const parent = parentName === undefined ? undefined : existingGroup(world, parentName);
  const existing = world.groups.get(name);
  if (existing !== undefined) {
    if (existing.parent === parentName && sameProperties(existing, input)) return existing;
    const arn = iotArn(world.region, `thinggroup/${name}`);
    throw alreadyExists(`Thing group ${name} already exists in account with different properties`, name, arn);
  }
  if (parent !== undefined && groupsAbove(world, parent.thingGroupName).length + 2 > DEPTH_MAX) {
    throw invalidRequest(`Thing group ${name} would be deeper than ${DEPTH_MAX} levels`);
  }
  if (parent !== undefined && parent.children.size >= CHILDREN_MAX) {
    throw invalidRequest(`Thing group ${parent.thingGroupName} has ${CHILDREN_MAX} children already`);
  }
  const group: ThingGroup = {
    thingGroupName: name,
    thingGroupId: randomUuid(turn),
    sequence: nextSequence(world),
    ...(input.description !== undefined && { description: input.description }),
    attributes: input.attributes,
    version: 1,
    createdAtMs: turn.nowMs,
    ...(parentName !== undefined && { parent: parentName }),
    children: new Set(),
    things: new Set(),
  };
  world.groups.set(name, group);
  parent?.children.add(name);
  return group;
}

/**
 * Gives back the new version.
 * @throws {AwsError} ResourceNotFound, VersionConflict
 */
export function updateThingGroup(
  turn: Turn,
  input: GroupInput & { merge: boolean; expectedVersion?: number | undefined },
): number {
  const group = existingGroup(turn.world, input.thingGroupName);
  checkVersion(group, input.expectedVersion);
  if (input.description !== undefined) group.description = input.description;
  const merged = input.merge ? { ...group.attributes, ...input.attributes } : input.attributes;
  group.attributes = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ""));
  group.version += 1;
  return group.version;
}

/**
 * A group that is not there is no error. Its things leave it first.
 * @throws {AwsError} VersionConflict; InvalidRequest while it has child groups
 */
export function deleteThingGroup(
  turn: Turn,
  input: { thingGroupName: string; expectedVersion?: number | undefined },
): void {
  const { world } = turn;
  const group = world.groups.get(input.thingGroupName);
  if (group === undefined) return;
  checkVersion(group, input.expectedVersion);
  if (group.children.size > 0) {
    throw invalidRequest(`Thing group ${group.thingGroupName} still has child groups`);
  }
  if (group.parent !== undefined) world.groups.get(group.parent)?.children.delete(group.thingGroupName);
  world.groups.delete(group.thingGroupName);
  for (const thingName of group.things) {
    world.things.get(thingName)?.groups.delete(group.thingGroupName);
    removeUncovered(turn, thingName);
  }
}

export interface MembershipInput {
  thingName: string;
  thingGroupName: string;
}

/**
 * CONTINUOUS jobs on the group, or on one above it, reach the thing at once.
 * @throws {AwsError} ResourceNotFound, InvalidRequest
 */
export function addThingToGroup(turn: Turn, input: MembershipInput): void {
  const group = existingGroup(turn.world, input.thingGroupName);
  const thing = existingThing(turn.world, input.thingName);
  if (!thing.groups.has(group.thingGroupName) && thing.groups.size >= GROUPS_OF_A_THING_MAX) {
    throw invalidRequest(`Thing ${thing.thingName} is in ${GROUPS_OF_A_THING_MAX} thing groups already`);
  }
  changeMembership(turn, thing.thingName, () => {
    group.things.add(thing.thingName);
    thing.groups.add(group.thingGroupName);
  });
}

/** @throws {AwsError} ResourceNotFound */
export function removeThingFromGroup(turn: Turn, input: MembershipInput): void {
  const group = existingGroup(turn.world, input.thingGroupName);
  const thing = existingThing(turn.world, input.thingName);
  group.things.delete(thing.thingName);
  thing.groups.delete(group.thingGroupName);
  removeUncovered(turn, thing.thingName);
}

/** @throws {AwsError} ResourceNotFound */
export function existingGroup(world: World, thingGroupName: string): ThingGroup {
  const group = world.groups.get(thingGroupName);
  if (group === undefined) throw notFound(`Thing group ${thingGroupName} not found.`);
  return group;
}

function checkVersion(group: ThingGroup, expected: number | undefined): void {
  if (expected === undefined || expected === group.version) return;
  throw versionConflict(
    `The version for thing group ${group.thingGroupName} does not match: ${expected} is not ${group.version}`,
  );
}

function sameProperties(group: ThingGroup, input: GroupInput): boolean {
  const names = Object.keys(group.attributes);
  return (
    group.description === input.description &&
    names.length === Object.keys(input.attributes).length &&
    names.every((name) => group.attributes[name] === input.attributes[name])
  );
}
