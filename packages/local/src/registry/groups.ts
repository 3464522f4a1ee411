import { iotArn } from "../account.js";
import { alreadyExists, invalidRequest, notFound, versionConflict } from "../errors.js";
import { nextSequence, noteMembership, type RegistryContext, randomUuid } from "./context.js";
import { GROUPS_OF_A_THING_MAX, sortIntoDynamicGroups } from "./dynamic-membership.js";
import { groupsAbove } from "./membership.js";
import type { Registry, Thing, ThingGroup } from "./registry.js";
import { sameTexts } from "./rules.js";
import { existingThing } from "./things.js";

// AWS General Reference, "AWS IoT Core thing group limits".
const DEPTH_MAX = 7;
const CHILDREN_MAX = 100;

export interface GroupInput {
  thingGroupName: string;
  description?: string | undefined;
  attributes: Record<string, string>;
  tags?: Record<string, string>;
}

/**
 * The same group again is no error.
 * @throws {AwsError} ResourceNotFound (parent), ResourceAlreadyExists when it exists otherwise, InvalidRequest
 */
export function createThingGroup(
  turn: RegistryContext,
  input: GroupInput & { parent?: string | undefined },
): Readonly<ThingGroup> {
  return makeGroup(turn, input);
}

/** Makes a static group, or with a query a dynamic one, still empty. @throws {AwsError} as `createThingGroup` */
export function makeGroup(
  turn: RegistryContext,
  input: GroupInput & { parent?: string | undefined; queryString?: string },
): ThingGroup {
  const { world } = turn;
  const { thingGroupName: name, parent: parentName, description, queryString } = input;
  const parent = parentName === undefined ? undefined : existingGroup(world, parentName);
  if (parent !== undefined) checkKind(parent, "static");
  const existing = world.groups.get(name);
  if (existing !== undefined) {
    const same = existing.parent === parentName && existing.queryString === queryString;
    if (same && sameProperties(existing, input)) return existing;
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
    ...(description !== undefined && { description }),
    attributes: input.attributes,
    version: 1,
    createdAtMs: turn.nowMs,
    ...(parentName !== undefined && { parent: parentName }),
    children: new Set(),
    things: new Set(),
    tags: input.tags ?? {},
    ...(queryString !== undefined && { queryString }),
  };
  world.groups.set(name, group);
  parent?.children.add(name);
  return group;
}

export interface GroupUpdate extends GroupInput {
  /** Keep the attributes that are not named; an empty value deletes one. */
  merge: boolean;
  expectedVersion?: number | undefined;
}

/**
 * Gives back the new version.
 * @throws {AwsError} ResourceNotFound, InvalidRequest for a dynamic group, VersionConflict
 */
export function updateThingGroup(turn: RegistryContext, input: GroupUpdate): number {
  const group = existingGroup(turn.world, input.thingGroupName);
  checkKind(group, "static");
  return updateGroup(group, input);
}

/** What static and dynamic groups have in common of an update. @throws {AwsError} VersionConflict */
export function updateGroup(group: ThingGroup, input: GroupUpdate): number {
  checkVersion(group, input.expectedVersion);
  if (input.description !== undefined) group.description = input.description;
  const merged = input.merge ? { ...group.attributes, ...input.attributes } : input.attributes;
  group.attributes = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ""));
  group.version += 1;
  return group.version;
}

export interface GroupDeletion {
  thingGroupName: string;
  expectedVersion?: number | undefined;
}

/**
 * A group that is not there is no error. Its things leave it first.
 * @throws {AwsError} VersionConflict; InvalidRequest for a dynamic group, and while it has child groups
 */
export function deleteThingGroup(turn: RegistryContext, input: GroupDeletion): void {
  deleteGroup(turn, "static", input);
}

/** What static and dynamic groups have in common of a deletion. */
export function deleteGroup(turn: RegistryContext, kind: GroupKind, input: GroupDeletion): void {
  const { world } = turn;
  const group = world.groups.get(input.thingGroupName);
  if (group === undefined) return;
  checkKind(group, kind);
  checkVersion(group, input.expectedVersion);
  if (group.children.size > 0) {
    throw invalidRequest(`Thing group ${group.thingGroupName} still has child groups`);
  }
  if (group.parent !== undefined) world.groups.get(group.parent)?.children.delete(group.thingGroupName);
  world.groups.delete(group.thingGroupName);
  world.dynamicGroups.delete(group.thingGroupName);
  for (const thingName of group.things) {
    const thing = existingThing(world, thingName);
    noteMembership(turn, thingName);
    thing.groups.delete(group.thingGroupName);
    sortIntoDynamicGroups(world, thing);
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
export function addThingToGroup(
  turn: RegistryContext,
  input: MembershipInput & { overrideDynamicGroups?: boolean },
): void {
  const { thingName, thingGroupName, overrideDynamicGroups = false } = input;
  updateGroupsOfThing(turn, { thingName, add: [thingGroupName], remove: [], overrideDynamicGroups });
}

/** @throws {AwsError} ResourceNotFound, InvalidRequest for a dynamic group */
export function removeThingFromGroup(
  turn: RegistryContext,
  { thingName, thingGroupName }: MembershipInput,
): void {
  updateGroupsOfThing(turn, { thingName, add: [], remove: [thingGroupName], overrideDynamicGroups: false });
}

export interface GroupsOfThingInput {
  thingName: string;
  /** Names of static groups. */
  add: string[];
  remove: string[];
  /** A thing that would be in too many groups leaves dynamic ones for the new ones, the last joined first. */
  overrideDynamicGroups: boolean;
}

/**
 * Leaves and joins in one step.
 * @throws {AwsError} ResourceNotFound, InvalidRequest
 */
export function updateGroupsOfThing(turn: RegistryContext, input: GroupsOfThingInput): void {
  const { world } = turn;
  const [add, remove] = [input.add, input.remove].map((names) =>
    names.map((name) => staticGroup(world, name)),
  ) as [ThingGroup[], ThingGroup[]];
  const thing = existingThing(world, input.thingName);
  const overridden = groupsToLeave(world, thing, input);
  noteMembership(turn, thing.thingName);
  for (const group of [...remove, ...overridden]) {
    group.things.delete(thing.thingName);
    thing.groups.delete(group.thingGroupName);
  }
  for (const group of add) {
    group.things.add(thing.thingName);
    thing.groups.add(group.thingGroupName);
  }
  sortIntoDynamicGroups(world, thing);
}

/** The dynamic groups that the thing must leave to be in no more groups than it may. @throws {AwsError} InvalidRequest */
function groupsToLeave(world: Registry, thing: Thing, input: GroupsOfThingInput): ThingGroup[] {
  const kept = [...thing.groups].filter((name) => !input.remove.includes(name));
  const excess = new Set([...kept, ...input.add]).size - GROUPS_OF_A_THING_MAX;
  if (excess <= 0) return [];
  const dynamic = input.overrideDynamicGroups ? kept.filter((name) => world.dynamicGroups.has(name)) : [];
  if (dynamic.length < excess) {
    throw invalidRequest(
      `Thing ${thing.thingName} would be in more than ${GROUPS_OF_A_THING_MAX} thing groups`,
    );
  }
  return dynamic.slice(-excess).map((name) => existingGroup(world, name));
}

type GroupKind = "static" | "dynamic";

/** @throws {AwsError} InvalidRequest: the operation is for the other kind of group */
export function checkKind(group: Readonly<ThingGroup>, kind: GroupKind): void {
  const found: GroupKind = group.queryString === undefined ? "static" : "dynamic";
  if (found !== kind) {
    throw invalidRequest(`Thing group ${group.thingGroupName} is a ${found} group; this is for ${kind} ones`);
  }
}

function staticGroup(world: Registry, thingGroupName: string): ThingGroup {
  const group = existingGroup(world, thingGroupName);
  checkKind(group, "static");
  return group;
}

/** @throws {AwsError} ResourceNotFound */
export function existingGroup(world: Registry, thingGroupName: string): ThingGroup {
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
  return (
    group.description === input.description &&
    sameTexts(group.attributes, input.attributes) &&
    sameTexts(group.tags ?? {}, input.tags ?? {})
  );
}
