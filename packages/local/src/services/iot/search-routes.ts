import type { Engine } from "../../engine/engine.js";
import { invalidRequest } from "../../errors.js";
import type { World } from "../../jobs/world.js";
import type { Listed } from "../../listing/key-lists.js";
import type { Broker } from "../../mqtt/broker.js";
import { isConnected } from "../../registry/connectivity.js";
import {
  type Members,
  optionalInteger,
  optionalObject,
  optionalString,
  refuseUnknownMembers,
  requiredString,
} from "../../rest/fields.js";
import { page } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";
import {
  type AggregatedField,
  bucketsOf,
  cardinalityOf,
  percentilesOf,
  statisticsOf,
  type TypedValues,
  typedValues,
} from "../../search/aggregation.js";
import { type IndexedThing, shadowsText } from "../../search/indexed-thing.js";
import { isConnectivityIndexed, THING_GROUPS_INDEX } from "../../search/indexing.js";
import { groupAnswer, type SearchIndex, thingGroupsIndex, thingsIndex } from "../../search/search-index.js";
import { groupNames } from "../../search/thing-fields.js";
import type { Value } from "../../search/values.js";
import { inTurns, type Work } from "../../turns.js";
import { readIndex, readQueryString, SEARCH } from "./index-requests.js";

/** Most results on one page of SearchIndex. Source: API model iot 2015-05-28, SearchIndexRequest. */
const RESULTS_OF_A_PAGE_MAX = 100;
/** Source: AWS IoT Developer Guide, "Manage thing indexing" and "Querying for aggregate data". */
const PERCENTS_MAX = 100;
const DEFAULT_PERCENTS = [1, 5, 25, 50, 75, 95, 99];
/** Source: API model iot 2015-05-28, MaxBuckets and TermsAggregation. */
const BUCKETS = { min: 1, max: 10_000 };
const DEFAULT_BUCKETS = 10;

/** Returns the routes that search and aggregate the indexes. */
export function searchRoutes(engine: Engine, clients: Broker["connectivity"]) {
  return [
    route("POST /indices/search", searchIndex),
    route("POST /indices/statistics", getStatistics),
    route("POST /indices/cardinality", getCardinality),
    route("POST /indices/percentiles", getPercentiles),
    route("POST /indices/buckets", getBucketsAggregation),
  ];

  async function searchIndex({ body, isGone }: RestRequest) {
    refuseUnknownMembers("SearchIndex", body, [...SEARCH, "nextToken", "maxResults"]);
    const asked = optionalInteger(body, "maxResults", { min: 1, max: Number.MAX_SAFE_INTEGER });
    const paging = {
      maxResults: Math.min(asked ?? RESULTS_OF_A_PAGE_MAX, RESULTS_OF_A_PAGE_MAX),
      nextToken: body["nextToken"],
    };
    if (isOfGroups(body)) {
      const found = thingGroupsIndex(engine.world).find(readQueryString(body));
      const { items, nextToken } = await page(found, "oldestFirst", paging, isGone);
      return { thingGroups: items.map(groupAnswer), nextToken };
    }
    const found = thingsIndex(engine.world, connectivity()).find(readQueryString(body));
    const { items, nextToken } = await page(found, "oldestFirst", paging, isGone);
    return { things: items.map(thingAnswer), nextToken };
  }

  async function getStatistics({ body, isGone }: RestRequest) {
    refuseUnknownMembers("GetStatistics", body, AGGREGATION);
    return { statistics: await aggregate({ body, isGone }, ({ values }) => statisticsOf(values)) };
  }

  async function getCardinality({ body, isGone }: RestRequest) {
    refuseUnknownMembers("GetCardinality", body, AGGREGATION);
    return { cardinality: await aggregate({ body, isGone }, ({ values }) => cardinalityOf(values)) };
  }

  async function getPercentiles({ body, isGone }: RestRequest) {
    refuseUnknownMembers("GetPercentiles", body, [...AGGREGATION, "percents"]);
    const percents = readPercents(body);
    return {
      percentiles: await aggregate({ body, isGone }, ({ name, values }) =>
        percentilesOf(name, values, percents),
      ),
    };
  }

  async function getBucketsAggregation({ body, isGone }: RestRequest) {
    refuseUnknownMembers("GetBucketsAggregation", body, [...AGGREGATION, "bucketsAggregationType"]);
    requiredString(body, "aggregationField");
    const maxBuckets = readMaxBuckets(body);
    return await aggregate({ body, isGone }, function* ({ totalCount, values }) {
      return { totalCount, buckets: yield* bucketsOf(values, maxBuckets) };
    });
  }

  /** Aggregates the field that a request names, in turns with other work. */
  function aggregate<R>(
    { body, isGone }: Pick<RestRequest, "body" | "isGone">,
    summarize: (found: Aggregated) => Work<R>,
  ): R | Promise<R> {
    const { world } = engine;
    const work = isOfGroups(body)
      ? collectValues(world, thingGroupsIndex(world), body)
      : collectValues(world, thingsIndex(world, connectivity()), body);
    return inTurns(
      (function* () {
        return yield* summarize(yield* work);
      })(),
      isGone,
    );
  }

  function isOfGroups(body: Members): boolean {
    readQueryString(body); // a request without a query is refused before the index is looked at
    return readIndex(engine.world, body) === THING_GROUPS_INDEX;
  }

  function connectivity() {
    return engine.world.connectivityIndexed ? engine.world.connectivity : clients();
  }
}

const AGGREGATION = [...SEARCH, "aggregationField"];

/** The values of a field in all documents that a query finds. */
interface Aggregated {
  /** Of the field. */
  name: string;
  /** Number of documents. */
  totalCount: number;
  values: TypedValues;
}

/** Documents that are compared with the query in one part of the work. */
const DOCUMENTS_OF_A_PART = 100;

/**
 * Collects the values of the field in all documents that the query finds. Each document counts as it is when its turn
 * comes, and those that are created meanwhile do not.
 */
function* collectValues<D extends Listed>(
  { sequence: last }: Readonly<World>,
  index: SearchIndex<D>,
  body: Members,
): Work<Aggregated> {
  const found = index.find(readQueryString(body));
  const field: AggregatedField<D> = index.aggregated(optionalString(body, "aggregationField"));
  const values: Value[] = [];
  let totalCount = 0;
  let count = 0;
  for (const document of found.candidates(undefined, "oldestFirst")) {
    if (document.sequence > last) break;
    if (found.includes(document)) {
      totalCount += 1;
      for (const value of field.values(document)) values.push(value);
    }
    count += 1;
    if (count % DOCUMENTS_OF_A_PART === 0) yield;
  }
  return { name: field.name, totalCount, values: yield* typedValues(values, field.type) };
}

/** @throws {AwsError} InvalidRequest */
function readPercents(body: Members): readonly number[] {
  const percents = body["percents"] ?? DEFAULT_PERCENTS;
  const isPercent = (each: unknown): each is number => typeof each === "number" && each >= 0 && each <= 100;
  if (!Array.isArray(percents) || !percents.every(isPercent)) {
    throw invalidRequest("percents must be a list of numbers from 0 to 100");
  }
  if (percents.length > PERCENTS_MAX) {
    throw invalidRequest(`percents has ${percents.length} numbers, at most ${PERCENTS_MAX} are allowed`);
  }
  return percents.length === 0 ? DEFAULT_PERCENTS : percents;
}

/** @throws {AwsError} InvalidRequest */
function readMaxBuckets(body: Members): number {
  const type = optionalObject(body, "bucketsAggregationType");
  const terms = type && optionalObject(type, "termsAggregation");
  if (type === undefined || terms === undefined) {
    throw invalidRequest("bucketsAggregationType must have a termsAggregation");
  }
  refuseUnknownMembers("bucketsAggregationType", type, ["termsAggregation"]);
  refuseUnknownMembers("termsAggregation", terms, ["maxBuckets"]);
  return optionalInteger(terms, "maxBuckets", BUCKETS) ?? DEFAULT_BUCKETS;
}

/** As at AWS, a result has only the members that the thing has. */
function thingAnswer(indexed: IndexedThing) {
  const { thing, world, clients } = indexed;
  const { thingName, thingId, thingTypeName, attributes } = thing;
  const groups = groupNames(thing);
  const known = clients?.get(thingName);
  return {
    thingName,
    thingId,
    thingTypeName,
    thingGroupNames: groups.length === 0 ? undefined : groups,
    attributes: Object.keys(attributes).length === 0 ? undefined : attributes,
    shadow: shadowsText(indexed),
    connectivity: isConnectivityIndexed(world)
      ? {
          connected: isConnected(known),
          timestamp: known?.sinceMs, // in milliseconds, by the API model
          disconnectReason: known?.disconnectReason,
        }
      : undefined,
  };
}
