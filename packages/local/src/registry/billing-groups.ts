import { iotArn } from "../account.js";
import { alreadyExists, versionConflict } from "../errors.js";
import { addName, change, put, remove, removeName } from "../listing/indexes.js";
import { WatchedMap } from "../state/watched-map.js";
import { nextSequence, noteChange, type RegistryContext, randomUuid } from "./context.js";
import { sameStrings } from "./fields.js";
import type { BillingGroup, Thing } from "./registry.js";
import { existingBillingGroup, existingThing } from "./things.js";

export interface BillingGroupInput {
  billingGroupName: string;
  description?: string | undefined;
  tags: Record<string, string>;
}

/**
 * Creates a billing group without things. Creating an identical group again is not an error.
 * @throws {AwsError} ResourceAlreadyExists if the group has other properties
 */
export function createBillingGroup(
  context: RegistryContext,
  input: BillingGroupInput,
): Readonly<BillingGroup> {
  const { world, nowMs } = context;
  const { billingGroupName, description, tags } = input;
  const existing = world.billingGroups?.get(billingGroupName);
  if (existing !== undefined) {
    if (existing.description === description && sameStrings(existing.tags ?? {}, tags)) return existing;
    throw alreadyExists(
      `Billing group ${billingGroupName} already exists in account with different properties`,
      billingGroupName,
      iotArn(world.region, `billinggroup/${billingGroupName}`),
    );
  }
  const group: BillingGroup = {
    billingGroupName,
    billingGroupId: randomUuid(context),
    sequence: nextSequence(world),
    ...(description !== undefined && { description }),
    version: 1,
    createdAtMs: nowMs,
    things: new Set(),
    tags,
  };
  world.billingGroups ??= new WatchedMap();
  put(world.billingGroups, billingGroupName, group);
  return group;
}

/** Returns the new version. @throws {AwsError} ResourceNotFound, VersionConflict */
export function updateBillingGroup(
  { world }: RegistryContext,
  input: { billingGroupName: string; description?: string | undefined; expectedVersion?: number | undefined },
): number {
  const group = existingBillingGroup(world, input.billingGroupName);
  checkVersion(group, input.expectedVersion);
  if (input.description !== undefined) group.description = input.description;
  group.version += 1;
  return group.version;
}

/**
 * Deletes a billing group, which its things leave. Deleting a missing group is not an error: the API model has none for it.
 * @throws {AwsError} VersionConflict
 */
export function deleteBillingGroup(
  context: RegistryContext,
  input: { billingGroupName: string; expectedVersion?: number | undefined },
): void {
  const { world } = context;
  const group = world.billingGroups?.get(input.billingGroupName);
  if (group === undefined) return;
  checkVersion(group, input.expectedVersion);
  for (const thingName of [...group.things]) leaveBillingGroup(context, existingThing(world, thingName));
  if (world.billingGroups !== undefined) remove(world.billingGroups, group.billingGroupName);
}

export interface BillingInput {
  thingName: string;
  billingGroupName: string;
}

/** Adds a thing to a billing group. It leaves the one before: a thing is in one at most. @throws {AwsError} ResourceNotFound */
export function addThingToBillingGroup(context: RegistryContext, input: BillingInput): void {
  const { world } = context;
  const group = existingBillingGroup(world, input.billingGroupName);
  const thing = existingThing(world, input.thingName);
  leaveBillingGroup(context, thing);
  addName(group.things, thing.thingName, thing);
  change(world.things, thing, () => {
    thing.billingGroupName = group.billingGroupName;
  });
}

/** @throws {AwsError} ResourceNotFound */
export function removeThingFromBillingGroup(context: RegistryContext, input: BillingInput): void {
  const { billingGroupName } = existingBillingGroup(context.world, input.billingGroupName);
  const thing = existingThing(context.world, input.thingName);
  if (thing.billingGroupName === billingGroupName) leaveBillingGroup(context, thing);
}

function leaveBillingGroup(context: RegistryContext, thing: Thing): void {
  const group = context.world.billingGroups?.get(thing.billingGroupName ?? "");
  if (group !== undefined) removeName(group.things, thing.thingName, thing);
  change(context.world.things, thing, () => {
    delete thing.billingGroupName;
  });
  noteChange(context, thing.thingName, "registry");
}

function checkVersion({ billingGroupName, version }: BillingGroup, expected: number | undefined): void {
  if (expected === undefined || expected === version) return;
  throw versionConflict(
    `The version for billing group ${billingGroupName} does not match: ${expected} is not ${version}`,
  );
}
