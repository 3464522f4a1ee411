import { listOf } from "../listing/indexes.js";
import { keyKind } from "../listing/key-lists.js";
import { type InOrder, type Requirement, withAll } from "../listing/list-index.js";
import type { Registry, Thing } from "./registry.js";

/** What a list of things asks of an attribute: nothing without a name; only that it is there without a value. */
export interface AttributeFilter {
  name: string | undefined;
  value: string | undefined;
  isPrefix: boolean;
}

const byType = keyKind<Thing>(
  ({ thingTypeName }) => (thingTypeName === undefined ? [] : [thingTypeName]),
  ({ thingTypeName }, key) => thingTypeName === key,
);

const byAttributeName = keyKind<Thing>(
  ({ attributes }) => Object.keys(attributes),
  ({ attributes }, name) => Object.hasOwn(attributes, name),
);

/** Names with values; `=` is not allowed in names. */
const byAttribute = keyKind<Thing>(
  ({ attributes }) => Object.entries(attributes).map(([name, value]) => `${name}=${value}`),
  ({ attributes }, key) => {
    const end = key.indexOf("=");
    return attributes[key.slice(0, end)] === key.slice(end + 1);
  },
);

/** Returns the things of a type that have an attribute. */
export function listThings(
  { things }: Registry,
  thingTypeName: string | undefined,
  attribute: AttributeFilter,
): InOrder<Thing> {
  return withAll(listOf(things), [
    ...(thingTypeName === undefined ? [] : [{ kind: byType, key: thingTypeName }]),
    ...requirementsOf(attribute),
  ]);
}

function requirementsOf({ name, value = "", isPrefix }: AttributeFilter): Requirement<Thing>[] {
  if (name === undefined) return [];
  if (value === "") return [{ kind: byAttributeName, key: name }];
  if (!isPrefix) return [{ kind: byAttribute, key: `${name}=${value}` }];
  return [
    {
      condition: JSON.stringify(["attribute begins with", name, value]),
      accepts: ({ attributes }) =>
        Object.hasOwn(attributes, name) && attributes[name]?.startsWith(value) === true,
    },
  ];
}
