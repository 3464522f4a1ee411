import { notSupported } from "../errors.js";
import { listOf } from "../listing/indexes.js";
import type { Listed } from "../listing/key-lists.js";
import type { InOrder } from "../listing/list-index.js";
import type { Connectivity } from "../registry/registry.js";
import { type AggregatedField, invalidAggregation } from "./aggregation.js";
import { groupField, type IndexedGroup, parentGroupNames, requireGroupField } from "./group-fields.js";
import { IndexedThing } from "./indexed-thing.js";
import {
  isConnectivityIndexed,
  managedThingFields,
  type SearchWorld,
  THING_GROUP_FIELDS,
  type TypedField,
  thingGroupIndexingOf,
  thingIndexingOf,
} from "./indexing.js";
import { checkQuery, compileQuery, parseQuery } from "./query.js";
import { thingCandidates } from "./thing-candidates.js";
import { searchedField, thingField } from "./thing-fields.js";
import { parseThingQuery } from "./thing-query.js";

/** An index that requests search and aggregate. */
export interface SearchIndex<D extends Listed> {
  /**
   * Returns the documents that a query finds.
   * @throws {AwsError} InvalidQuery; InvalidRequest for a field that is not indexed
   */
  find(query: string): InOrder<D>;
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
      return {
        *candidates(last, order) {
          for (const thing of things.candidates(last, order)) yield new IndexedThing(world, thing, known);
        },
        includes: (document) => things.includes(document.thing) && finds(document),
      };
    },
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
      return {
        *candidates(last, order) {
          for (const group of listOf(world.groups).candidates(last, order))
            yield { sequence: group.sequence, world, group };
        },
        includes: finds,
      };
    },
    aggregated: (name = "version") => aggregatedGroupField(world, name),
  };
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
