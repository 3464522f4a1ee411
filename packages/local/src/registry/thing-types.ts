import { iotArn } from "../account.js";
import { alreadyExists, invalidRequest, notFound } from "../errors.js";
import { put, remove, valuesToRead } from "../listing/indexes.js";
import { nextSequence, type RegistryContext, randomUuid } from "./context.js";
import { sameStrings } from "./fields.js";
import type { Registry, ThingType } from "./registry.js";

/** AWS IoT API Reference, DeleteThingType: a type must have been deprecated for five minutes. */
const DEPRECATED_MIN_MS = 300_000;

export interface ThingTypeInput {
  thingTypeName: string;
  description?: string | undefined;
  searchableAttributes: string[];
  tags?: Record<string, string>;
}

/**
 * Creates a thing type. Creating an identical type again is not an error.
 * @throws {AwsError} ResourceAlreadyExists if the type has other properties
 */
export function createThingType(context: RegistryContext, input: ThingTypeInput): Readonly<ThingType> {
  const { world } = context;
  const { thingTypeName, description, searchableAttributes, tags = {} } = input;
  const existing = world.thingTypes.get(thingTypeName);
  if (existing !== undefined) {
    const same = existing.description === description && sameStrings(existing.tags ?? {}, tags);
    if (same && existing.searchableAttributes.join() === searchableAttributes.join()) return existing;
    const arn = iotArn(world.region, `thingtype/${thingTypeName}`);
    throw alreadyExists(
      `Thing type ${thingTypeName} already exists in account with different properties`,
      thingTypeName,
      arn,
    );
  }
  const type: ThingType = {
    thingTypeName,
    thingTypeId: randomUuid(context),
    sequence: nextSequence(world),
    ...(description !== undefined && { description }),
    searchableAttributes,
    createdAtMs: context.nowMs,
    tags,
  };
  put(world.thingTypes, thingTypeName, type);
  return type;
}

export interface ThingTypeUpdate {
  thingTypeName: string;
  description?: string | undefined;
  searchableAttributes?: string[] | undefined;
}

/** Changes the given properties and keeps the others. @throws {AwsError} ResourceNotFound */
export function updateThingType(context: RegistryContext, input: ThingTypeUpdate): void {
  const type = existingThingType(context.world, input.thingTypeName);
  if (input.description !== undefined) type.description = input.description;
  if (input.searchableAttributes !== undefined) type.searchableAttributes = input.searchableAttributes;
}

/** @throws {AwsError} ResourceNotFound */
export function deprecateThingType(
  context: RegistryContext,
  input: { thingTypeName: string; undo: boolean },
): void {
  const type = existingThingType(context.world, input.thingTypeName);
  if (input.undo) delete type.deprecatedAtMs;
  else type.deprecatedAtMs ??= context.nowMs;
}

/**
 * @throws {AwsError} ResourceNotFound; InvalidRequest unless it was deprecated five minutes ago and no thing uses it
 */
export function deleteThingType(
  context: RegistryContext,
  { thingTypeName }: { thingTypeName: string },
): void {
  const { world } = context;
  const { deprecatedAtMs } = existingThingType(world, thingTypeName);
  if (deprecatedAtMs === undefined || context.nowMs - deprecatedAtMs < DEPRECATED_MIN_MS) {
    throw invalidRequest(
      `Cannot delete thing type ${thingTypeName}: it must have been deprecated for five minutes`,
    );
  }
  for (const thing of valuesToRead(world.things)) {
    if (thing.thingTypeName !== thingTypeName) continue;
    throw invalidRequest(
      `Cannot delete thing type ${thingTypeName}: thing ${thing.thingName} is still of that type`,
    );
  }
  remove(world.thingTypes, thingTypeName);
}

/** @throws {AwsError} ResourceNotFound */
export function existingThingType(world: Registry, thingTypeName: string): ThingType {
  const type = world.thingTypes.get(thingTypeName);
  if (type === undefined) throw notFound(`Thing type ${thingTypeName} not found.`);
  return type;
}
