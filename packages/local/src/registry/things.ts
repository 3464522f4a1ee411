import { iotArn } from "../account.js";
import { alreadyExists, invalidRequest, notFound, versionConflict } from "../errors.js";
import { nextSequence, noteMembership, type RegistryContext, randomUuid } from "./context.js";
import { refreshDynamicGroups } from "./dynamic-membership.js";
import type { Registry, Thing } from "./registry.js";
import { sameTexts } from "./rules.js";
import { existingThingType } from "./thing-types.js";

/** AWS IoT Developer Guide, "Thing types": attributes of a thing without a type, and of one that has one. */
const ATTRIBUTES_MAX = { untyped: 3, typed: 50 };

export interface ThingInput {
  thingName: string;
  thingTypeName?: string | undefined;
  attributes: Record<string, string>;
}

/**
 * The same thing again is no error.
 * @throws {AwsError} InvalidRequest, ResourceNotFound (thing type), ResourceAlreadyExists when it exists otherwise
 */
export function createThing(turn: RegistryContext, input: ThingInput): Readonly<Thing> {
  const { world } = turn;
  const { thingName, thingTypeName } = input;
  checkAttributes(input.attributes, thingTypeName);
  const existing = world.things.get(thingName);
  if (existing !== undefined) {
    const sameType = existing.thingTypeName === thingTypeName;
    if (sameType && sameTexts(existing.attributes, input.attributes)) return existing;
    const arn = iotArn(world.region, `thing/${thingName}`);
    throw alreadyExists(
      `Thing ${thingName} already exists in account with different thing type or attributes`,
      thingName,
      arn,
    );
  }
  if (thingTypeName !== undefined) checkThingType(world, thingTypeName);
  const thing: Thing = {
    thingName,
    thingId: randomUuid(turn),
    sequence: nextSequence(world),
    ...(thingTypeName !== undefined && { thingTypeName }),
    attributes: input.attributes,
    version: 1,
    groups: new Set(),
    certificates: new Set(),
  };
  world.things.set(thingName, thing);
  refreshDynamicGroups(turn, thing);
  return thing;
}

export interface UpdateThingInput extends ThingInput {
  /** Keep the attributes that are not named; an empty value deletes one. */
  merge: boolean;
  removeThingType: boolean;
  expectedVersion?: number | undefined;
}

/** @throws {AwsError} ResourceNotFound (thing, thing type), VersionConflict, InvalidRequest */
export function updateThing(turn: RegistryContext, input: UpdateThingInput): void {
  const thing = existingThing(turn.world, input.thingName);
  checkVersion(thing, input.expectedVersion);
  const merged = input.merge ? { ...thing.attributes, ...input.attributes } : input.attributes;
  const attributes = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ""));
  const typeBefore = input.removeThingType ? undefined : thing.thingTypeName;
  const thingTypeName = input.thingTypeName ?? typeBefore;
  if (thingTypeName !== undefined && thingTypeName !== thing.thingTypeName) {
    checkThingType(turn.world, thingTypeName);
  }
  checkAttributes(attributes, thingTypeName);
  thing.attributes = attributes;
  if (thingTypeName === undefined) delete thing.thingTypeName;
  else thing.thingTypeName = thingTypeName;
  thing.version += 1;
  refreshDynamicGroups(turn, thing);
}

/**
 * A thing that is not there is no error. Its pending executions turn REMOVED.
 * @throws {AwsError} VersionConflict; InvalidRequest while a certificate is attached
 */
export function deleteThing(
  turn: RegistryContext,
  input: { thingName: string; expectedVersion?: number | undefined },
): void {
  const { world } = turn;
  const thing = world.things.get(input.thingName);
  if (thing === undefined) return;
  checkVersion(thing, input.expectedVersion);
  if (thing.certificates.size > 0) {
    throw invalidRequest(
      `Cannot delete. Thing ${thing.thingName} is still attached to one or more principals`,
    );
  }
  noteMembership(turn, thing.thingName);
  for (const group of thing.groups) world.groups.get(group)?.things.delete(thing.thingName);
  world.things.delete(thing.thingName);
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

/** A thing takes up no type that is deprecated. @throws {AwsError} ResourceNotFound, InvalidRequest */
function checkThingType(world: Registry, thingTypeName: string): void {
  if (existingThingType(world, thingTypeName).deprecatedAtMs === undefined) return;
  throw invalidRequest(`Thing type ${thingTypeName} is deprecated: no thing takes it up`);
}
