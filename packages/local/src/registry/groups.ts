import { iotArn } from "../account.js";
import { alreadyExists, invalidRequest, notFound, versionConflict } from "../errors.js";
import { put, remove } from "../listing/indexes.js";
import { firstOf } from "../listing/list-index.js";
import { nextSequence, noteChange, noteMembership, type RegistryContext, randomUuid } from "./context.js";
import { sameStrings } from "./fields.js";
import { dynamicGroupsOf, GROUPS_OF_A_THING_MAX, groupsAbove, joinGroup, leaveGroup } from "./membership.js";
import type { Registry, Thing, ThingGroup } from "./registry.js";
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
 * Creates a static group. Creating an identical group again is not an error.
 * @throws {AwsError} ResourceNotFound (parent), InvalidRequest; ResourceAlreadyExists if the group has other properties
 */
export function createThingGroup(
  context: RegistryContext,
  input: GroupInput & { parent?: string | undefined },
): Readonly<ThingGroup> {
  return addGroup(context, input);
}

/** Adds an empty group: a dynamic one if it has a query, else a static one. @throws {AwsError} as `createThingGroup` */
export function addGroup(
  context: RegistryContext,
  input: GroupInput & { parent?: string | undefined; queryString?: string },
): ThingGroup {
  const { world } = context;
  const { thingGroupName: name, parent: parentName, description, queryString } = input;
  const parent = parentName === undefined ? undefined : existingGroup(world, parentName);
  if (parent !== undefined) checkKind(parent, "static");
  if (parent !== undefined) checkStays(world, parent);
  const existing = world.groups.get(name);
  if (existing !== undefined) {
    checkStays(world, existing);
    const same = existing.parent === parentName && existing.queryString === queryString;
    if (same && sameProperties(existing, input)) return existing;
    const arn = iotArn(world.region, `thinggroup/${name}`);
    throw alreadyExists(`Thing group ${name} already exists in account with different properties`, name, arn);
  }
  if (parent !== undefined && groupsAbove(world, parent.thingGroupName).length + 2 > DEPTH_MAX) {
    throw invalidRequest(`Thing group ${name} would be deeper than ${DEPTH_MAX} levels`);
  }
  if (parent !== undefined && parent.children.size >= CHILDREN_MAX) {
    throw invalidRequest(`Thing group ${parent.thingGroupName} already has ${CHILDREN_MAX} child groups`);
  }
  const group: ThingGroup = {
    thingGroupName: name,
    thingGroupId: randomUuid(context),
    sequence: nextSequence(world),
    ...(description !== undefined && { description }),
    attributes: input.attributes,
    version: 1,
    createdAtMs: context.nowMs,
    ...(parentName !== undefined && { parent: parentName }),
    children: new Set(),
    things: new Set(),
    tags: input.tags ?? {},
    ...(queryString !== undefined && { queryString }),
  };
  put(world.groups, name, group);
  parent?.children.add(name);
  return group;
}

export interface GroupUpdate extends GroupInput {
  /** Keeps the attributes that the request leaves out; an empty value deletes one. */
  merge: boolean;
  expectedVersion?: number | undefined;
}

/**
 * Returns the new version.
 * @throws {AwsError} ResourceNotFound, InvalidRequest for a dynamic group, VersionConflict
 */
export function updateThingGroup(context: RegistryContext, input: GroupUpdate): number {
  const group = existingGroup(context.world, input.thingGroupName);
  checkKind(group, "static");
  return updateGroup(context.world, group, input);
}

/**
 * Updates what static and dynamic groups have in common; returns the new version.
 *
 * @throws {AwsError} VersionConflict; InvalidRequest while the group is being deleted
 */
export function updateGroup(world: Registry, group: ThingGroup, input: GroupUpdate): number {
  checkStays(world, group);
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

type GroupKind = "static" | "dynamic";

/** @throws {AwsError} InvalidRequest if the operation is for the other kind of group */
export function checkKind(group: Readonly<ThingGroup>, kind: GroupKind): void {
  const found: GroupKind = group.queryString === undefined ? "static" : "dynamic";
  if (found !== kind) {
    throw invalidRequest(
      `Thing group ${group.thingGroupName} is a ${found} group, this operation needs a ${kind} one`,
    );
  }
}

/** @throws {AwsError} InvalidRequest while the group is being deleted */
function checkStays(world: Registry, { thingGroupName }: Readonly<ThingGroup>): void {
  if (world.groupDeletions?.has(thingGroupName))
    throw invalidRequest(`Thing group ${thingGroupName} is being deleted`);
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
    sameStrings(group.attributes, input.attributes) &&
    sameStrings(group.tags ?? {}, input.tags ?? {})
  );
}
