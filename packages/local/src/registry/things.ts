import { iotArn } from "../account.js";
import { alreadyExists, invalidRequest, notFound, versionConflict } from "../errors.js";
import { removeUncovered } from "../jobs/targets.js";
import { nextSequence, randomUuid, type Thing, type Turn, type World } from "../world.js";

/** AWS IoT Developer Guide, "Thing types": attributes of a thing that has no type. */
const ATTRIBUTES_MAX = 3;

export interface ThingInput {
  thingName: string;
  attributes: Record<string, string>;
}

/**
 * The same thing again is no error.
 * @throws {AwsError} InvalidRequest, ResourceAlreadyExists when it exists with other attributes
 */
export function createThing(turn: Turn, input: ThingInput): Readonly<Thing> {
  const { world } = turn;
  const { thingName } = input;
  checkAttributes(input.attributes);
  const existing = world.things.get(thingName);
  if (existing !== undefined) {
    if (sameAttributes(existing.attributes, input.attributes)) return existing;
    const arn = iotArn(world.region, `thing/${thingName}`);
    throw alreadyExists(
      `Thing ${thingName} already exists in account with different attributes`,
      thingName,
      arn,
    );
  }
  const thing: Thing = {
    thingName,
    thingId: randomUuid(turn),
    sequence: nextSequence(world),
    attributes: input.attributes,
    version: 1,
    groups: new Set(),
    certificates: new Set(),
  };
  world.things.set(thingName, thing);
  return thing;
}

export interface UpdateThingInput extends ThingInput {
  /** Keep the attributes that are not named; an empty value deletes one. */
  merge: boolean;
  expectedVersion?: number | undefined;
}

/** @throws {AwsError} ResourceNotFound, VersionConflict, InvalidRequest */
export function updateThing(turn: Turn, input: UpdateThingInput): void {
  const thing = existingThing(turn.world, input.thingName);
  checkVersion(thing, input.expectedVersion);
  const merged = input.merge ? { ...thing.attributes, ...input.attributes } : input.attributes;
  const attributes = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ""));
  checkAttributes(attributes);
  thing.attributes = attributes;
  thing.version += 1;
}

/**
 * A thing that is not there is no error. Its pending executions turn REMOVED.
 * @throws {AwsError} VersionConflict; InvalidRequest while a certificate is attached
 */
export function deleteThing(
  turn: Turn,
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
  for (const group of thing.groups) world.groups.get(group)?.things.delete(thing.thingName);
  world.things.delete(thing.thingName);
  removeUncovered(turn, thing.thingName);
}

/** @throws {AwsError} ResourceNotFound */
export function existingThing(world: World, thingName: string): Thing {
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

function checkAttributes(attributes: Record<string, string>): void {
  if (Object.keys(attributes).length > ATTRIBUTES_MAX) {
    throw invalidRequest(`A thing without a thing type has at most ${ATTRIBUTES_MAX} attributes`);
  }
}

function sameAttributes(a: Record<string, string>, b: Record<string, string>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
