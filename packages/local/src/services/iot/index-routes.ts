import type { Engine } from "../../engine/engine.js";
import { indexNotReady } from "../../errors.js";
import type { Broker } from "../../mqtt/broker.js";
import { isConnected } from "../../registry/connectivity.js";
import { THING_NAME } from "../../registry/fields.js";
import { existingThing } from "../../registry/things.js";
import { refuseUnknownMembers, requiredString } from "../../rest/fields.js";
import { type RestRequest, route } from "../../rest/router.js";
import { indexNames, isConnectivityIndexed, schemaOf } from "../../search/indexing.js";
import { indexingAnswer, readIndexingRequest } from "./indexing-settings.js";

/** Returns the routes for the settings of the indexes, and for connectivity. */
export function indexRoutes(engine: Engine, clients: Broker["connectivity"]) {
  const connectivity = () => (engine.world.connectivityIndexed ? engine.world.connectivity : clients());
  return [
    route("GET /indices", () => ({ indexNames: indexNames(engine.world) })),
    route("GET /indices/{indexName}", describeIndex),
    route("GET /indexing/config", () => indexingAnswer(engine.world)),
    route("POST /indexing/config", updateIndexingConfiguration),
    route("POST /things/{thingName}/connectivity-data", getThingConnectivityData),
  ];

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
    await engine.until(() => !engine.world.groupRefreshes?.size);
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

/** Starts recording connectivity, beginning with the known clients. */
export async function recordConnectivity(engine: Engine, clients: Broker["connectivity"]): Promise<void> {
  await engine.run("indexConnectivity", { indexed: true, known: knownClients(clients) });
}

function knownClients(clients: Broker["connectivity"]) {
  return [...clients()].map(([clientId, each]) => ({ clientId, ...each }));
}
