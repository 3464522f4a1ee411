import { listOf } from "../listing/indexes.js";
import { filtered, type InOrder, type KeysOf, withKeys } from "../listing/list-index.js";
import type { Registry, Thing } from "./registry.js";

/** What a list of things asks of an attribute: nothing without a name; only that it is there without a value. */
export interface AttributeFilter {
  name: string | undefined;
  value: string | undefined;
  isPrefix: boolean;
}

const byType: KeysOf<Thing> = ({ thingTypeName }) => (thingTypeName === undefined ? [] : [thingTypeName]);

/** Names, and names with values; `=` is not allowed in names. */
const byAttribute: KeysOf<Thing> = ({ attributes }) =>
  Object.entries(attributes).flatMap(([name, value]) => [name, `${name}=${value}`]);

/** Returns the things of a type that have an attribute; a page for the prefix of a value reads those with other values. */
export function listThings(
  { things }: Registry,
  thingTypeName: string | undefined,
  { name, value = "", isPrefix }: AttributeFilter,
): InOrder<Thing> {
  const isExact = value !== "" && !isPrefix;
  const list = withKeys(listOf(things), [
    ...(thingTypeName === undefined ? [] : [[byType, thingTypeName] as const]),
    ...(name === undefined ? [] : [[byAttribute, isExact ? `${name}=${value}` : name] as const]),
  ]);
  if (name === undefined || value === "" || isExact) return list;
  return filtered(list, ({ attributes }) => attributes[name]?.startsWith(value) === true);
}
