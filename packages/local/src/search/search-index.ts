import { notSupported } from "../errors.js";
import { listOf } from "../listing/indexes.js";
import type { InOrder } from "../listing/list-index.js";
import type { Connectivity } from "../registry/registry.js";
import { type AggregatedField, invalidAggregation } from "./aggregation.js";
import { groupField, type IndexedGroup, parentGroupNames, requireGroupField } from "./group-fields.js";
import { type IndexedThing, indexedThing } from "./indexed-thing.js";
import {
  isConnectivityIndexed,
  managedThingFields,
  type SearchWorld,
  THING_GROUP_FIELDS,
  type TypedField,
  thingGroupIndexingOf,
  thingIndexingOf,
} from "./indexing.js";
import { checkQuery, compileQuery, type Matches, parseQuery } from "./query.js";
import { thingCandidates } from "./thing-candidates.js";
import { searchedField, thingField } from "./thing-fields.js";
import { parseThingQuery } from "./thing-query.js";

/** An index that requests search and aggregate. */
export interface SearchIndex<D> {
  /**
   * Parses a query. Returns a function that yields the documents that it finds, the oldest first: only those after the one
   * with the sequence number `last`, if it is given.
   * @throws {AwsError} InvalidQuery; InvalidRequest for a field that is not indexed
   */
  find(query: string): (last?: number) => Iterable<D>;
  sequenceOf(document: D): number;
  /**
   * Returns a field to aggregate, or the default one.
   * @throws {AwsError} InvalidAggregation
   */
  aggregated(name: string | undefined): AggregatedField<D>;
}

/** Returns the index of things. */
export function thingsIndex(
  world: SearchWorld,
  clients: ReadonlyMap<string, Connectivity> | undefined,
): SearchIndex<IndexedThing> {
  const known = isConnectivityIndexed(world) ? clients : undefined;
  return {
    find(text) {
      const { finds, required } = parseThingQuery(world, text);
      const things = thingCandidates(world, required);
      return (last) => found(things, last, finds, (thing) => indexedThing(world, thing, known));
    },
    sequenceOf: ({ thing }) => thing.sequence,
    aggregated: (name = "registry.version") => aggregatedThingField(world, name),
  };
}

/** Returns the index of thing groups. */
export function thingGroupsIndex(world: SearchWorld): SearchIndex<IndexedGroup> {
  return {
    find(text) {
      const query = parseQuery(text);
      checkQuery(text, query);
      const finds = compileQuery<IndexedGroup>(query, (name) => requireGroupField(name, text));
      return (last) => found(listOf(world.groups), last, finds, (group) => ({ world, group }));
    },
    sequenceOf: ({ group }) => group.sequence,
    aggregated: (name = "version") => aggregatedGroupField(world, name),
  };
}

function* found<T, D>(
  list: InOrder<T>,
  last: number | undefined,
  finds: Matches<D>,
  toDocument: (item: T) => D,
): Iterable<D> {
  for (const item of list.after(last, "oldestFirst")) {
    const document = toDocument(item);
    if (finds(document)) yield document;
  }
}

/** Returns a group as SearchIndex shows it. */
export function groupAnswer(indexed: IndexedGroup) {
  const { thingGroupName, thingGroupId, description, attributes } = indexed.group;
  const parents = parentGroupNames(indexed);
  return {
    thingGroupName,
    thingGroupId,
    thingGroupDescription: description,
    attributes: Object.keys(attributes).length === 0 ? undefined : attributes,
    parentGroupNames: parents.length === 0 ? undefined : parents,
  };
}

/**
 * Finds a managed or a custom field. Until UpdateIndexingConfiguration is called, every indexed field can be aggregated:
 * at AWS, there is nothing to aggregate then.
 */
function aggregatedThingField(world: SearchWorld, name: string): AggregatedField<IndexedThing> {
  const managed = managedThingFields(world).find((field) => isSameField(field, name));
  const declared = managed ?? thingIndexingOf(world).customFields.find((field) => field.name === name);
  if (declared !== undefined) {
    const field = thingField(name);
    if (field === undefined) throw notSupported(`aggregations of ${name}`); // nothing fills it
    return { name, type: declared.type, values: field.values };
  }
  const field = world.indexing?.things === undefined ? searchedField(name) : undefined;
  if (field === undefined) throw unknownField(name);
  return { name, type: undefined, values: field.values };
}

function aggregatedGroupField(world: SearchWorld, name: string): AggregatedField<IndexedGroup> {
  const fields = [...THING_GROUP_FIELDS, ...thingGroupIndexingOf(world).customFields];
  const declared = fields.find((field) => field.name === name);
  if (declared === undefined) throw unknownField(name);
  const values = groupField(name)?.values ?? (({ group }: IndexedGroup) => [group.version]);
  return { name, type: declared.type, values };
}

function isSameField(field: TypedField, name: string): boolean {
  return field.name === name.replace(/^shadow\.name\.[^.]+\.(version|hasDelta)$/, "shadow.name.*.$1");
}

function unknownField(name: string) {
  return invalidAggregation(
    `${name} is not an aggregation field: it is neither a managed field nor one of the customFields of UpdateIndexingConfiguration`,
  );
}
