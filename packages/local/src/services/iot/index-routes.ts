import type { Engine } from "../../engine/engine.js";
import { indexNotReady, notFound, notSupported } from "../../errors.js";
import type { Broker } from "../../mqtt/broker.js";
import { isConnected, valuesOfThing } from "../../registry/dynamic-membership.js";
import { THING_NAME } from "../../registry/fields.js";
import { parseIndexedQuery } from "../../registry/index-configuration.js";
import { checkQuery } from "../../registry/query.js";
import { existingThing } from "../../registry/things.js";
import {
  type Members,
  optionalChoice,
  optionalInteger,
  optionalObject,
  optionalString,
  refuseUnknownMembers,
  requiredString,
} from "../../rest/fields.js";
import { page } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";

/** Source: API model iot 2015-05-28. The stand-in supports one index, and the only version of the query language. */
export const INDEX_NAME = "AWS_Things";
export const QUERY_VERSION = "2017-09-30";

/** Largest `maxResults` of SearchIndex, and most results on one page. */
const RESULTS_MAX = 500;
const RESULTS_OF_A_PAGE_MAX = 100;

/** The fixed settings of the indexes; only connectivity can change. At AWS, indexing is off by default. */
const CONFIGURATION = {
  thingIndexingConfiguration: {
    thingIndexingMode: "REGISTRY",
    deviceDefenderIndexingMode: "OFF",
    namedShadowIndexingMode: "OFF",
  },
  thingGroupIndexingConfiguration: { thingGroupIndexingMode: "OFF" },
};

/**
 * Returns the routes for the index of things: registry and connectivity, without a delay. Connectivity can be turned
 * off.
 */
export function indexRoutes(engine: Engine, clients: Broker["connectivity"]) {
  const isOff = () => engine.world.connectivityOff === true;
  const indexed = () => (engine.world.connectivityIndexed ? engine.world.connectivity : clients());
  return [
    route("POST /indices/search", searchIndex),
    route("GET /indices", () => ({ indexNames: [INDEX_NAME] })),
    route("GET /indices/{indexName}", describeIndex),
    route("GET /indexing/config", getIndexingConfiguration),
    route("POST /indexing/config", updateIndexingConfiguration),
    route("POST /things/{thingName}/connectivity-data", getThingConnectivityData),
  ];

  function searchIndex({ body }: RestRequest) {
    refuseUnknownMembers("SearchIndex", body, [
      "indexName",
      "queryString",
      "nextToken",
      "maxResults",
      "queryVersion",
    ]);
    checkIndexAndVersion(body);
    const query = parseIndexedQuery(engine.world, readQueryString(body));
    const asked = optionalInteger(body, "maxResults", { min: 1, max: RESULTS_MAX }) ?? RESULTS_OF_A_PAGE_MAX;
    const { world } = engine;
    const found = [...world.things.values()].filter((thing) =>
      query.finds(valuesOfThing(world, thing, indexed())),
    );
    const { items, nextToken } = page(found, "oldestFirst", {
      maxResults: Math.min(asked, RESULTS_OF_A_PAGE_MAX),
      nextToken: body["nextToken"],
    });
    const things = items.map(({ thingName, thingId, thingTypeName, groups, attributes }) => ({
      thingName,
      thingId,
      thingTypeName,
      thingGroupNames: [...groups],
      attributes,
      connectivity: isOff() ? undefined : connectivityOf(thingName),
    }));
    return { things, nextToken };
  }

  function connectivityOf(thingName: string) {
    const known = indexed()?.get(thingName);
    return {
      connected: isConnected(known),
      timestamp: known?.sinceMs, // in milliseconds, by the API model
      disconnectReason: known?.disconnectReason,
    };
  }

  function describeIndex({ params }: RestRequest) {
    checkIndexAndVersion(params);
    const schema = isOff() ? "REGISTRY" : "REGISTRY_AND_CONNECTIVITY_STATUS";
    return { indexName: INDEX_NAME, indexStatus: "ACTIVE", schema };
  }

  function getIndexingConfiguration() {
    const thingConnectivityIndexingMode = isOff() ? "OFF" : "STATUS";
    const { thingIndexingConfiguration, ...others } = CONFIGURATION;
    return {
      thingIndexingConfiguration: { ...thingIndexingConfiguration, thingConnectivityIndexingMode },
      ...others,
    };
  }

  /** Accepts the current settings: scripts enable the index before they create a dynamic group. */
  async function updateIndexingConfiguration({ body }: RestRequest) {
    refuseUnknownMembers("UpdateIndexingConfiguration", body, Object.keys(CONFIGURATION));
    const thingSettings = optionalObject(body, "thingIndexingConfiguration");
    const { thingConnectivityIndexingMode, ...fixed } = thingSettings ?? {};
    checkFixed("thingIndexingConfiguration", fixed);
    checkFixed(
      "thingGroupIndexingConfiguration",
      optionalObject(body, "thingGroupIndexingConfiguration") ?? {},
    );
    const connectivity = { thingConnectivityIndexingMode };
    const mode = optionalChoice(connectivity, "thingConnectivityIndexingMode", ["OFF", "STATUS"]);
    // As at AWS, settings that are left out are turned off.
    if (thingSettings === undefined) return;
    if (mode === "STATUS") await recordConnectivity(engine, clients);
    else await engine.run("indexConnectivity", { indexed: false });
  }

  function getThingConnectivityData({ params, body }: RestRequest) {
    refuseUnknownMembers("GetThingConnectivityData", body, []);
    const { thingName } = existingThing(engine.world, requiredString(params, "thingName", THING_NAME));
    if (isOff()) throw indexNotReady("thingConnectivityIndexingMode is OFF");
    const known = indexed()?.get(thingName);
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

/** Starts recording connectivity, beginning with the known clients. */
export async function recordConnectivity(engine: Engine, clients: Broker["connectivity"]): Promise<void> {
  const known = [...clients()].map(([clientId, each]) => ({ clientId, ...each }));
  await engine.run("indexConnectivity", { indexed: true, known });
}

/** Returns the query of a body. @throws {AwsError} InvalidRequest, InvalidQuery */
export function readQueryString(body: Members): string {
  const text = requiredString(body, "queryString");
  checkQuery(text);
  return text;
}

function checkFixed(part: keyof typeof CONFIGURATION, asked: Members): void {
  const fixed: Readonly<Record<string, string>> = CONFIGURATION[part];
  refuseUnknownMembers(part, asked, Object.keys(fixed));
  for (const [name, value] of Object.entries(fixed)) {
    const wanted = optionalString(asked, name) ?? value;
    if (wanted !== value) throw notSupported(`${name} ${wanted}`);
  }
}

/** @throws {AwsError} ResourceNotFound for another index, InvalidRequest for another version of the query language */
export function checkIndexAndVersion(members: Members): void {
  const indexName = optionalString(members, "indexName") ?? INDEX_NAME;
  // This includes AWS_ThingGroups: its indexing is always OFF here, and AWS then has no such index.
  if (indexName !== INDEX_NAME) throw notFound(`Index ${indexName} not found.`);
  const version = optionalString(members, "queryVersion") ?? QUERY_VERSION;
  if (version !== QUERY_VERSION) throw notSupported(`queryVersion ${version}`);
}
