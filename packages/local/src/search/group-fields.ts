/** The fields of the index of thing groups. Source: AWS IoT Developer Guide, "Manage thing group indexing". */
import { groupsAbove } from "../registry/membership.js";
import type { ThingGroup } from "../registry/registry.js";
import type { SearchWorld } from "./indexing.js";
import type { FieldReader } from "./query.js";
import { invalidQuery } from "./tokens.js";
import type { Value } from "./values.js";

/** A thing group as the index sees it. */
export interface IndexedGroup {
  sequence: number;
  world: SearchWorld;
  group: Readonly<ThingGroup>;
}

type Read = (indexed: IndexedGroup) => Value[];

const FIELDS = new Map<string, Read>([
  ["thingGroupName", ({ group }) => [group.thingGroupName]],
  ["thingGroupId", ({ group }) => [group.thingGroupId]],
  ["description", ({ group }) => (group.description === undefined ? [] : [group.description])],
  ["parentGroupNames", parentGroupNames],
]);

/** Returns the names of all groups above a group, the root first. */
export function parentGroupNames({ world, group }: IndexedGroup): string[] {
  return groupsAbove(world, group.thingGroupName);
}

/** Returns a field that may be searched; `undefined` if AWS has none with this name. */
export function groupField(name: string): FieldReader<IndexedGroup> | undefined {
  const read = FIELDS.get(name);
  if (read !== undefined) return { values: read };
  const [, attribute] = /^attributes\.(.+)$/s.exec(name) ?? [];
  if (attribute === undefined) return undefined;
  return {
    values({ group: { attributes } }) {
      const value = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
      return value === undefined ? [] : [value];
    },
  };
}

/**
 * Returns a field that a request searches, or all fields for `undefined`.
 * @throws {AwsError} InvalidQuery
 */
export function requireGroupField(name: string | undefined, query: string): FieldReader<IndexedGroup> {
  if (name === undefined) return ANY_FIELD;
  const field = groupField(name);
  if (field === undefined) throw invalidQuery(query, `invalid field name, field name: ${name}`);
  return field;
}

const ANY_FIELD: FieldReader<IndexedGroup> = {
  values: (indexed) => [
    ...[...FIELDS.values()].flatMap((read) => read(indexed)),
    ...Object.values(indexed.group.attributes),
  ],
};
