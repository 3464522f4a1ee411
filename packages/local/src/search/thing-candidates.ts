import { listOf } from "../listing/indexes.js";
import { keyKind } from "../listing/key-lists.js";
import { type InOrder, type Requirement, withAll } from "../listing/list-index.js";
import type { Registry, Thing } from "../registry/registry.js";
import type { RequiredTerm } from "./query.js";
import { groupNames } from "./thing-fields.js";
import { valueKey } from "./values.js";

const byName = keyKind<Thing>(
  ({ thingName }) => [valueKey(thingName)],
  ({ thingName }, key) => valueKey(thingName) === key,
);
const byType = keyKind<Thing>(
  ({ thingTypeName }) => (thingTypeName === undefined ? [] : [valueKey(thingTypeName)]),
  ({ thingTypeName }, key) => thingTypeName !== undefined && valueKey(thingTypeName) === key,
);
/** Groups whose names differ only in case have one key. */
const byGroup = keyKind<Thing>((thing) => new Set(groupNames(thing).map(valueKey)));
const byAttribute = keyKind<Thing>(
  ({ attributes }) => Object.entries(attributes).map(([name, value]) => attributeKey(name, valueKey(value))),
  ({ attributes }, key) => {
    const end = key.indexOf("="); // not allowed in names
    const name = key.slice(0, end);
    return Object.hasOwn(attributes, name) && valueKey(attributes[name] ?? "") === key.slice(end + 1);
  },
);

const ATTRIBUTE = "attributes.";

/**
 * Returns things among which are all that a query can find: those that fulfill the terms about the registry that it
 * requires. A search need not read the others.
 */
export function thingCandidates({ things }: Registry, required: readonly RequiredTerm[]): InOrder<Thing> {
  return withAll(listOf(things), required.flatMap(requirementsOf));
}

function requirementsOf({ field, written, test, key }: RequiredTerm): Requirement<Thing>[] {
  if (key !== undefined) return requiredKey(field, key);
  const read = readerOf(field);
  if (read === undefined || (field === "thingName" && written === "*")) return [];
  const accepts = (thing: Thing) => {
    const value = read(thing);
    return value !== undefined && (written === "*" || test(value));
  };
  // Both can contain any separator: `a:b:c` would be two conditions.
  return [{ condition: JSON.stringify([field, written]), accepts }];
}

function requiredKey(field: string, key: string): Requirement<Thing>[] {
  if (field === "thingName") return [{ kind: byName, key }];
  if (field === "thingTypeName") return [{ kind: byType, key }];
  if (field === "thingGroupNames") return [{ kind: byGroup, key }];
  if (!field.startsWith(ATTRIBUTE)) return [];
  return [{ kind: byAttribute, key: attributeKey(field.slice(ATTRIBUTE.length), key) }];
}

/** Returns how to read a field of the registry that has at most one value; `undefined` for all other fields. */
function readerOf(field: string): ((thing: Thing) => string | undefined) | undefined {
  if (field === "thingName") return ({ thingName }) => thingName;
  if (field === "thingTypeName") return ({ thingTypeName }) => thingTypeName;
  if (!field.startsWith(ATTRIBUTE)) return undefined;
  const name = field.slice(ATTRIBUTE.length);
  return ({ attributes }) => (Object.hasOwn(attributes, name) ? attributes[name] : undefined);
}

function attributeKey(name: string, key: string): string {
  return `${name}=${key}`;
}
