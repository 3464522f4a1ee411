import { iotArn } from "../account.js";
import { alreadyExists, invalidRequest, notFound, versionConflict } from "../errors.js";
import { put } from "../listing/indexes.js";
import { nextSequence, type RegistryContext, randomUuid } from "./context.js";
import { sameStrings } from "./fields.js";
import { groupsAbove } from "./membership.js";
import type { Registry, ThingGroup } from "./registry.js";

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

export type GroupKind = "static" | "dynamic";

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
export function checkStays(world: Registry, { thingGroupName }: Readonly<ThingGroup>): void {
  if (world.groupDeletions?.has(thingGroupName))
    throw invalidRequest(`Thing group ${thingGroupName} is being deleted`);
}

/** @throws {AwsError} ResourceNotFound */
export function existingGroup(world: Registry, thingGroupName: string): ThingGroup {
  const group = world.groups.get(thingGroupName);
  if (group === undefined) throw notFound(`Thing group ${thingGroupName} not found.`);
  return group;
}

export function checkVersion(group: ThingGroup, expected: number | undefined): void {
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
