import { AwsError, notSupported } from "../errors.js";
import type { IndexedPart } from "../registry/context.js";
import type { IndexedThing } from "./indexed-thing.js";
import type { SearchWorld } from "./indexing.js";
import {
  checkQuery,
  compileQuery,
  type Matches,
  parseQuery,
  type Query,
  type RequiredTerm,
  requiredTerms,
  termsOf,
} from "./query.js";
import { ANY_FIELD, requireSearchedField, searchedField, type ThingField } from "./thing-fields.js";

/** A query over things that was accepted, and may be saved. */
export interface ThingQuery {
  finds: Matches<IndexedThing>;
  /** What every thing that it finds fulfills. */
  required: readonly RequiredTerm[];
  /** The parts of a thing that its result depends on. */
  parts: ReadonlySet<IndexedPart>;
  /** Whether the present settings index all its fields. */
  isIndexed: (world: SearchWorld) => boolean;
}

/**
 * Parses the query of a request, and checks its limits and that its fields are indexed.
 * @throws {AwsError} InvalidQuery; InvalidRequest for a field that is not indexed
 */
export function parseThingQuery(world: SearchWorld, text: string): ThingQuery {
  const query = parseQuery(text);
  checkQuery(text, query);
  refuseGeoqueries(query);
  return compile(query, (name) => requireSearchedField(world, name, text));
}

/** Parses the query of a saved group. One that only an older build accepted changes no memberships. */
export function parseSavedQuery(text: string): ThingQuery {
  const unknown: ThingField = { parts: [], isIndexed: () => false, values: () => [] };
  try {
    return compile(parseQuery(text), (name) =>
      name === undefined ? ANY_FIELD : (searchedField(name) ?? unknown),
    );
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { finds: () => false, required: [], parts: new Set(), isIndexed: () => false };
  }
}

function compile(query: Query, fieldOf: (name: string | undefined) => ThingField): ThingQuery {
  const fields: ThingField[] = [];
  const finds = compileQuery<IndexedThing>(query, (name) => {
    const field = fieldOf(name);
    fields.push(field);
    return field;
  });
  return {
    finds,
    required: requiredTerms(query),
    parts: new Set(fields.flatMap(({ parts }) => parts)),
    isIndexed: (world) => fields.every((field) => field.isIndexed(world)),
  };
}

/** @throws {AwsError} InvalidRequest */
function refuseGeoqueries(query: Query): void {
  for (const { written } of termsOf(query)) {
    if (/^geo_\w+,/.test(written)) throw notSupported(`geoqueries: ${written}`);
  }
}
