import type { Engine } from "../../engine/engine.js";
import { indexNotReady } from "../../errors.js";
import type { Broker } from "../../mqtt/broker.js";
import { isConnected } from "../../registry/connectivity.js";
import { THING_NAME } from "../../registry/fields.js";
import { existingThing } from "../../registry/things.js";
import {
  type Members,
  optionalInteger,
  optionalString,
  refuseUnknownMembers,
  requiredString,
} from "../../rest/fields.js";
import { page } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";
import {
  checkQueryVersion,
  indexNames,
  isConnectivityIndexed,
  requireIndex,
  schemaOf,
  THINGS_INDEX,
} from "../../search/indexing.js";
import { type IndexedThing, indexedThing, shadowsText } from "../../search/thing-fields.js";
import { parseThingQuery } from "../../search/thing-query.js";
import { indexingAnswer, readIndexingRequest } from "./indexing-settings.js";

/** Most results on one page of SearchIndex. Source: API model iot 2015-05-28, SearchIndexRequest. */
const RESULTS_OF_A_PAGE_MAX = 100;
/** In characters. Source: AWS General Reference, "AWS IoT Device Management", fleet indexing. */
const QUERY = { max: 1000 };

/** Returns the routes for the indexes: their settings, and searching. The indexes have no delay. */
export function indexRoutes(engine: Engine, clients: Broker["connectivity"]) {
  const connectivity = () => (engine.world.connectivityIndexed ? engine.world.connectivity : clients());
  return [
    route("POST /indices/search", searchIndex),
    route("GET /indices", () => ({ indexNames: indexNames(engine.world) })),
    route("GET /indices/{indexName}", describeIndex),
    route("GET /indexing/config", () => indexingAnswer(engine.world)),
    route("POST /indexing/config", updateIndexingConfiguration),
    route("POST /things/{thingName}/connectivity-data", getThingConnectivityData),
  ];

  function searchIndex({ body }: RestRequest) {
    refuseUnknownMembers("SearchIndex", body, [...SEARCH, "nextToken", "maxResults"]);
    const { world } = engine;
    const queryString = readQueryString(body);
    const asked = optionalInteger(body, "maxResults", { min: 1, max: Number.MAX_SAFE_INTEGER });
    readIndex(world, body);
    const query = parseThingQuery(world, queryString);
    const known = isConnectivityIndexed(world) ? connectivity() : undefined;
    const { items, nextToken } = page(matches(), "oldestFirst", {
      maxResults: Math.min(asked ?? RESULTS_OF_A_PAGE_MAX, RESULTS_OF_A_PAGE_MAX),
      nextToken: body["nextToken"],
    });
    return { things: items.map(({ indexed }) => thingAnswer(indexed)), nextToken };

    function* matches() {
      for (const thing of world.things.values()) {
        const indexed = indexedThing(world, thing, known);
        if (query.finds(indexed)) yield { sequence: thing.sequence, indexed };
      }
    }
  }

  function describeIndex({ params }: RestRequest) {
    const indexName = requiredString(params, "indexName");
    return { indexName, indexStatus: "ACTIVE", schema: schemaOf(engine.world, indexName) };
  }

  async function updateIndexingConfiguration({ body }: RestRequest) {
    const { things, thingGroups } = readIndexingRequest(body);
    const known = things?.isConnectivityIndexed === true ? knownClients(clients) : undefined;
    await engine.run("updateIndexing", {
      ...(things !== undefined && {
        things: things.settings,
        connectivity: { indexed: things.isConnectivityIndexed, ...(known && { known }) },
      }),
      ...(thingGroups !== undefined && { thingGroups }),
    });
  }

  function getThingConnectivityData({ params, body }: RestRequest) {
    refuseUnknownMembers("GetThingConnectivityData", body, []);
    const { thingName } = existingThing(engine.world, requiredString(params, "thingName", THING_NAME));
    if (!isConnectivityIndexed(engine.world)) throw indexNotReady("thingConnectivityIndexingMode is OFF");
    const known = connectivity()?.get(thingName);
    if (known === undefined) return { thingName, connected: false };
    const { sinceMs, disconnectReason } = known;
    return {
      thingName,
      connected: isConnected(known),
      timestamp: sinceMs / 1000,
      disconnectReason: disconnectReason ?? "NONE",
    };
  }
}

/** Members of all requests with a query. */
export const SEARCH = ["indexName", "queryString", "queryVersion"];

/** Starts recording connectivity, beginning with the known clients. */
export async function recordConnectivity(engine: Engine, clients: Broker["connectivity"]): Promise<void> {
  await engine.run("indexConnectivity", { indexed: true, known: knownClients(clients) });
}

/** Returns the query of a body, which is not parsed yet. @throws {AwsError} InvalidRequest */
export function readQueryString(body: Members): string {
  return requiredString(body, "queryString", QUERY);
}

/**
 * Returns the index that a request names, and checks that it is on, and the version of the query language.
 * @throws {AwsError} ResourceNotFound, InvalidRequest
 */
export function readIndex(world: Engine["world"], body: Members): string {
  const indexName = optionalString(body, "indexName") ?? THINGS_INDEX;
  checkQueryVersion(optionalString(body, "queryVersion"));
  requireIndex(world, indexName);
  return indexName;
}

/** As at AWS, a result has only the members that the thing has. */
function thingAnswer(indexed: IndexedThing) {
  const { thing, world, clients } = indexed;
  const { thingName, thingId, thingTypeName, groups, attributes } = thing;
  const known = clients?.get(thingName);
  return {
    thingName,
    thingId,
    thingTypeName,
    thingGroupNames: groups.size === 0 ? undefined : [...groups],
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

function knownClients(clients: Broker["connectivity"]) {
  return [...clients()].map(([clientId, each]) => ({ clientId, ...each }));
}
