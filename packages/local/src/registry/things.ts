import { iotArn } from "../account.js";
import { alreadyExists, invalidRequest, notFound, versionConflict } from "../errors.js";
import { addName, change, put, remove, removeName } from "../listing/indexes.js";
import {
  INDEXED_PARTS,
  nextSequence,
  noteChange,
  noteMembership,
  type RegistryContext,
  randomUuid,
} from "./context.js";
import { sameStrings } from "./fields.js";
import { NO_NAMES } from "./names.js";
import type { BillingGroup, Registry, Thing } from "./registry.js";
import { existingThingType } from "./thing-types.js";

/** AWS IoT Developer Guide, "Thing types": attributes of a thing without a type, and of one that has one. */
const ATTRIBUTES_MAX = { untyped: 3, typed: 50 };

export interface ThingInput {
  thingName: string;
  thingTypeName?: string | undefined;
  attributes: Record<string, string>;
}

/**
 * Creates a thing. Creating an identical thing again is not an error.
 * @throws {AwsError} InvalidRequest; ResourceNotFound (thing type, billing group); ResourceAlreadyExists if the thing has
 * other properties
 */
export function createThing(
  context: RegistryContext,
  input: ThingInput & { billingGroupName?: string | undefined },
): Readonly<Thing> {
  const { world } = context;
  const { thingName, thingTypeName, billingGroupName } = input;
  checkAttributes(input.attributes, thingTypeName);
  const existing = world.things.get(thingName);
  if (existing !== undefined) {
    const sameType = existing.thingTypeName === thingTypeName;
    const sameBilling = existing.billingGroupName === billingGroupName;
    if (sameType && sameBilling && sameStrings(existing.attributes, input.attributes)) return existing;
    const arn = iotArn(world.region, `thing/${thingName}`);
    throw alreadyExists(
      `Thing ${thingName} already exists in account with different thing type, billing group or attributes`,
      thingName,
      arn,
    );
  }
  if (thingTypeName !== undefined) checkThingType(world, thingTypeName);
  const billingGroup =
    billingGroupName === undefined ? undefined : existingBillingGroup(world, billingGroupName);
  const thing: Thing = {
    thingName,
    thingId: randomUuid(context),
    sequence: nextSequence(world),
    ...(thingTypeName !== undefined && { thingTypeName }),
    attributes: input.attributes,
    version: 1,
    groups: NO_NAMES,
    ...(billingGroupName !== undefined && { billingGroupName }),
    certificates: NO_NAMES,
  };
  put(world.things, thingName, thing);
  if (billingGroup !== undefined) addName(billingGroup.things, thingName, thing);
  noteChange(context, thingName, ...INDEXED_PARTS); // its shadow and its client may have been there before
  return thing;
}

/**
 * Checks that a thing of type `typeBefore` can be created or changed to these properties.
 * @throws {AwsError} InvalidRequest, ResourceNotFound (thing type)
 */
export function checkThing(
  world: Registry,
  { attributes, thingTypeName }: ThingInput,
  typeBefore: string | undefined,
): void {
  if (thingTypeName !== undefined && thingTypeName !== typeBefore) checkThingType(world, thingTypeName);
  checkAttributes(attributes, thingTypeName);
}

export interface UpdateThingInput extends ThingInput {
  /** Keeps the attributes that the request leaves out; an empty value deletes one. */
  merge: boolean;
  removeThingType: boolean;
  expectedVersion?: number | undefined;
}

/** @throws {AwsError} ResourceNotFound (thing, thing type), VersionConflict, InvalidRequest */
export function updateThing(context: RegistryContext, input: UpdateThingInput): void {
  const thing = existingThing(context.world, input.thingName);
  checkVersion(thing, input.expectedVersion);
  const merged = input.merge ? { ...thing.attributes, ...input.attributes } : input.attributes;
  const attributes = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ""));
  const typeBefore = input.removeThingType ? undefined : thing.thingTypeName;
  const thingTypeName = input.thingTypeName ?? typeBefore;
  checkThing(context.world, { ...input, attributes, thingTypeName }, thing.thingTypeName);
  change(context.world.things, thing, () => {
    thing.attributes = attributes;
    if (thingTypeName === undefined) delete thing.thingTypeName;
    else thing.thingTypeName = thingTypeName;
  });
  thing.version += 1;
  noteChange(context, thing.thingName, "registry");
}

/**
 * Deletes a thing and sets its pending executions to REMOVED. Deleting a missing thing is not an error.
 * @throws {AwsError} VersionConflict; InvalidRequest while a certificate is attached
 */
export function deleteThing(
  context: RegistryContext,
  input: { thingName: string; expectedVersion?: number | undefined },
): void {
  const { world } = context;
  const thing = world.things.get(input.thingName);
  if (thing === undefined) return;
  checkVersion(thing, input.expectedVersion);
  if (thing.certificates.size > 0) {
    throw invalidRequest(
      `Cannot delete. Thing ${thing.thingName} is still attached to one or more principals`,
    );
  }
  noteMembership(context, thing.thingName);
  const { thingName, groups, billingGroupName = "" } = thing;
  const containers = [...groups].map((name) => world.groups.get(name));
  for (const group of [...containers, world.billingGroups?.get(billingGroupName)]) {
    if (group !== undefined) removeName(group.things, thingName, thing);
  }
  remove(world.things, thingName);
}

/** @throws {AwsError} ResourceNotFound */
export function existingBillingGroup(world: Registry, billingGroupName: string): BillingGroup {
  const group = world.billingGroups?.get(billingGroupName);
  if (group === undefined) throw notFound(`Billing group ${billingGroupName} not found.`);
  return group;
}

/** @throws {AwsError} ResourceNotFound */
export function existingThing(world: Registry, thingName: string): Thing {
  const thing = world.things.get(thingName);
  if (thing === undefined) throw notFound(`Thing ${thingName} not found.`);
  return thing;
}

function checkVersion(thing: Thing, expected: number | undefined): void {
  if (expected === undefined || expected === thing.version) return;
  throw versionConflict(
    `The version for thing ${thing.thingName} does not match the expected version: ${expected} is not ${thing.version}`,
  );
}

function checkAttributes(attributes: Record<string, string>, thingTypeName: string | undefined): void {
  const max = thingTypeName === undefined ? ATTRIBUTES_MAX.untyped : ATTRIBUTES_MAX.typed;
  if (Object.keys(attributes).length > max) {
    const which = thingTypeName === undefined ? "without" : "with";
    throw invalidRequest(`A thing ${which} a thing type has at most ${max} attributes`);
  }
}

/** Refuses a missing or deprecated type. @throws {AwsError} ResourceNotFound, InvalidRequest */
function checkThingType(world: Registry, thingTypeName: string): void {
  if (existingThingType(world, thingTypeName).deprecatedAtMs === undefined) return;
  throw invalidRequest(`Thing type ${thingTypeName} is deprecated, so no thing can be given it`);
}
