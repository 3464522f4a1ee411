import { listOf } from "../listing/indexes.js";
import { type InOrder, type KeysOf, withKeys } from "../listing/list-index.js";
import type { Registry, Thing } from "../registry/registry.js";
import type { RequiredValue } from "./query.js";
import { groupNames } from "./thing-fields.js";
import { valueKey } from "./values.js";

const byName: KeysOf<Thing> = ({ thingName }) => [valueKey(thingName)];
const byType: KeysOf<Thing> = ({ thingTypeName }) =>
  thingTypeName === undefined ? [] : [valueKey(thingTypeName)];
const byGroup: KeysOf<Thing> = (thing) => groupNames(thing).map(valueKey);
const byAttribute: KeysOf<Thing> = ({ attributes }) =>
  Object.entries(attributes).map(([name, value]) => attributeKey(name, valueKey(value)));

const ATTRIBUTE = "attributes.";

/**
 * Returns things among which are all that a query can find: those that have the values of the registry that it requires. A
 * search need not read the others.
 */
export function thingCandidates({ things }: Registry, required: readonly RequiredValue[]): InOrder<Thing> {
  return withKeys(listOf(things), required.flatMap(keyOfRequired));
}

function keyOfRequired({ field, key }: RequiredValue): (readonly [KeysOf<Thing>, string])[] {
  if (field === "thingName") return [[byName, key]];
  if (field === "thingTypeName") return [[byType, key]];
  if (field === "thingGroupNames") return [[byGroup, key]];
  return field.startsWith(ATTRIBUTE) ? [[byAttribute, attributeKey(field.slice(ATTRIBUTE.length), key)]] : [];
}

function attributeKey(name: string, key: string): string {
  return `${name}=${key}`;
}
