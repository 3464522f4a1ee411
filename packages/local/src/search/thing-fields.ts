/**
 * The fields of the index of things. Source: AWS IoT Developer Guide, "Managing fleet indexing", "Example thing queries" and
 * "Query syntax".
 */
import { type AwsError, invalidRequest } from "../errors.js";
import { isConnected } from "../registry/connectivity.js";
import type { IndexedPart } from "../registry/context.js";
import type { Connectivity } from "../registry/registry.js";
import { type IndexedThing, indexedShadows } from "./indexed-thing.js";
import {
  indexedShadowNames,
  isClassicShadowIndexed,
  isConnectivityIndexed,
  type SearchWorld,
} from "./indexing.js";
import type { FieldReader } from "./query.js";
import { parseShadowField, type ShadowField, shadowHas, shadowValues, stateValues } from "./shadow-fields.js";
import { invalidQuery } from "./tokens.js";
import type { Value } from "./values.js";

/** A field of the index of things. */
export interface ThingField extends FieldReader<IndexedThing> {
  /** The parts of a thing that it depends on. */
  parts: readonly IndexedPart[];
  /** Whether the present settings index it. */
  isIndexed: (world: SearchWorld) => boolean;
}

const REGISTRY: Readonly<Record<string, (indexed: IndexedThing) => Value[]>> = {
  thingName: ({ thing }) => [thing.thingName],
  thingId: ({ thing }) => [thing.thingId],
  thingTypeName: ({ thing }) => (thing.thingTypeName === undefined ? [] : [thing.thingTypeName]),
  thingGroupNames: staticGroupsOf,
};

/** Managed fields of the registry. AWS can aggregate them, but not search them. */
const AGGREGATED: Readonly<Record<string, (indexed: IndexedThing) => Value[]>> = {
  "registry.version": ({ thing }) => [thing.version],
  "registry.thingTypeName": (indexed) => REGISTRY["thingTypeName"]?.(indexed) ?? [],
  "registry.thingGroupNames": ({ thing }) => groupNames(thing),
};

/** A thing that never connected counts as not connected, without a timestamp or a reason. */
const CONNECTIVITY: Readonly<Record<string, (known: Readonly<Connectivity> | undefined) => Value[]>> = {
  "connectivity.connected": (known) => [isConnected(known)],
  "connectivity.timestamp": (known) => (known === undefined ? [] : [known.sinceMs]),
  "connectivity.disconnectReason": (known) =>
    known?.disconnectReason === undefined ? [] : [known.disconnectReason],
};

/** AWS has these fields, but the stand-in has nothing to fill them with. */
const WITHOUT_SOURCE = /^(connectivity\..+|billingGroupName)$/;

/** Returns a field that may be searched; `undefined` if AWS has none with this name. */
export function searchedField(name: string): ThingField | undefined {
  const field = thingField(name);
  const isVersion = /^shadow\.(name\.[^.]+\.)?version$/.test(name);
  return isVersion || Object.hasOwn(AGGREGATED, name) ? undefined : field;
}

/** Returns a field of things, also one that may only be aggregated. */
export function thingField(name: string): ThingField | undefined {
  const registry = own(REGISTRY, name) ?? own(AGGREGATED, name);
  if (registry !== undefined) return { parts: ["registry"], isIndexed: () => true, values: registry };
  const [, attribute] = /^attributes\.(.+)$/s.exec(name) ?? [];
  if (attribute !== undefined) return attributeField(attribute);
  const connectivity = own(CONNECTIVITY, name);
  if (connectivity !== undefined) {
    return {
      parts: ["connectivity"],
      isIndexed: isConnectivityIndexed,
      values: ({ thing, clients }) =>
        clients === undefined ? [] : connectivity(clients.get(thing.thingName)),
    };
  }
  return shadowFieldOf(name);
}

/** Stands for a term without a field: AWS searches for it in the registry and the shadows. */
export const ANY_FIELD: ThingField = {
  parts: ["registry", "shadow"],
  isIndexed: () => true,
  values: (indexed) => [
    ...Object.values(REGISTRY).flatMap((values) => values(indexed)),
    ...Object.values(indexed.thing.attributes),
    ...indexedShadows(indexed).flatMap(([, shadow]) => stateValues(shadow)),
  ],
};

/**
 * Returns a field that a request searches, or all fields for `undefined`.
 * @throws {AwsError} InvalidQuery for an unknown field, InvalidRequest for one that is not indexed
 */
export function requireSearchedField(
  world: SearchWorld,
  name: string | undefined,
  query: string,
): ThingField {
  if (name === undefined) return ANY_FIELD;
  if (name.startsWith("deviceDefender.")) throw notIndexed("Devicedefender");
  const field = searchedField(name);
  if (field === undefined) {
    if (WITHOUT_SOURCE.test(name)) throw invalidQuery(query, `fota local does not support ${name}`);
    throw invalidFieldName(name, query);
  }
  if (field.isIndexed(world)) return field;
  if (field.parts[0] === "connectivity")
    throw notIndexed("Connectivity", "thingConnectivityIndexingMode STATUS");
  const namedShadow = /^shadow\.name\./.test(name);
  if (namedShadow && indexedShadowNames(world).length > 0) throw invalidFieldName(name, query);
  throw notIndexed(
    "Shadow",
    namedShadow ? "namedShadowIndexingMode ON and namedShadowNames" : "thingIndexingMode REGISTRY_AND_SHADOW",
  );
}

function attributeField(attribute: string): ThingField {
  const values = ({ thing: { attributes } }: IndexedThing): Value[] => {
    const value = own(attributes, attribute);
    return value === undefined ? [] : [value];
  };
  return { parts: ["registry"], isIndexed: () => true, values };
}

function shadowFieldOf(name: string): ThingField | undefined {
  const [, shadowName, rest] = /^shadow\.name\.([^.]+)\.(.+)$/s.exec(name) ?? [];
  if (shadowName !== undefined && rest !== undefined) {
    const field = parseShadowField(rest);
    return field && fieldOfShadow(shadowName, field);
  }
  const [, classic] = /^shadow\.(.+)$/s.exec(name) ?? [];
  const field = classic === undefined ? undefined : parseShadowField(classic);
  return field && fieldOfShadow("", field);
}

function fieldOfShadow(shadowName: string, field: ShadowField): ThingField {
  return {
    parts: ["shadow"],
    isIndexed: (world) =>
      shadowName === "" ? isClassicShadowIndexed(world) : indexedShadowNames(world).includes(shadowName),
    values(indexed) {
      const shadow = indexed.shadow(shadowName);
      return shadow === undefined ? [] : shadowValues(shadow, field);
    },
    exists(indexed) {
      const shadow = indexed.shadow(shadowName);
      return shadow !== undefined && shadowHas(shadow, field);
    },
  };
}

/**
 * Returns the static groups that directly contain the thing, and its billing group: a query must not depend on the result
 * of another one.
 */
function staticGroupsOf({ world, thing }: IndexedThing): string[] {
  return groupNames(thing).filter(
    (name) => name === thing.billingGroupName || !world.dynamicGroups.has(name),
  );
}

/** Returns the names of a thing's groups. As at AWS, its billing group counts as one. */
export function groupNames({ groups, billingGroupName }: IndexedThing["thing"]): string[] {
  return [...groups, ...(billingGroupName === undefined ? [] : [billingGroupName])];
}

function invalidFieldName(name: string, query: string): AwsError {
  return invalidQuery(query, `invalid field name, field name: ${name}`);
}

function notIndexed(attribute: string, settings?: string): AwsError {
  const message = `Query includes one or more constraints for ${attribute} attribute, but ${attribute} indexing is not enabled for AWS_Things index`;
  return invalidRequest(settings === undefined ? message : `${message}; set ${settings} first`);
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
