import type { Engine } from "../engine.js";
import { notModelled } from "../errors.js";
import {
  type Members,
  onlyMembers,
  optionalInteger,
  optionalObject,
  optionalText,
  requiredText,
} from "../rest/fields.js";
import { page } from "../rest/paging.js";
import { type RestRequest, route } from "../rest/router.js";
import { valuesOfThing } from "./dynamic-membership.js";
import { parseQuery } from "./query.js";

/** Source: API model iot 2015-05-28: the one index that is modelled, and the one version of the language. */
export const INDEX_NAME = "AWS_Things";
export const QUERY_VERSION = "2017-09-30";

/** SearchIndex: as many as are asked for, and on one page. */
const RESULTS_MAX = 500;
const RESULTS_OF_A_PAGE_MAX = 100;

/** What the index of the registry is set to, and what it must stay. AWS has it switched off at first. */
const CONFIGURATION = {
  thingIndexingConfiguration: {
    thingIndexingMode: "REGISTRY",
    thingConnectivityIndexingMode: "OFF",
    deviceDefenderIndexingMode: "OFF",
    namedShadowIndexingMode: "OFF",
  },
  thingGroupIndexingConfiguration: { thingGroupIndexingMode: "OFF" },
};

/** The index over things: of the registry, always on and always current. */
export function indexRoutes(engine: Engine) {
  return [
    route("POST /indices/search", searchIndex),
    route("GET /indices", () => ({ indexNames: [INDEX_NAME] })),
    route("GET /indices/{indexName}", describeIndex),
    route("GET /indexing/config", () => CONFIGURATION),
    route("POST /indexing/config", updateIndexingConfiguration),
  ];

  function searchIndex({ body }: RestRequest) {
    onlyMembers("SearchIndex", body, ["indexName", "queryString", "nextToken", "maxResults", "queryVersion"]);
    checkIndexAndVersion(body);
    const query = parseQuery(requiredText(body, "queryString"));
    const asked = optionalInteger(body, "maxResults", { min: 1, max: RESULTS_MAX }) ?? RESULTS_OF_A_PAGE_MAX;
    const { world } = engine;
    const found = [...world.things.values()].filter((thing) => query(valuesOfThing(world, thing)));
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
    }));
    return { things, nextToken };
  }
}

function describeIndex({ params }: RestRequest) {
  checkIndexAndVersion(params);
  return { indexName: INDEX_NAME, indexStatus: "ACTIVE", schema: "REGISTRY" };
}

/** Takes what is so already: scripts switch the index on before they make a dynamic group. */
function updateIndexingConfiguration({ body }: RestRequest): void {
  onlyMembers("UpdateIndexingConfiguration", body, Object.keys(CONFIGURATION));
  for (const [part, fixed] of Object.entries(CONFIGURATION)) {
    const asked = optionalObject(body, part) ?? {};
    onlyMembers(part, asked, Object.keys(fixed));
    for (const [name, value] of Object.entries(fixed)) {
      const wanted = optionalText(asked, name) ?? value;
      if (wanted !== value) throw notModelled(`${name} ${wanted}`);
    }
  }
}

/** @throws {AwsError} InvalidRequest: another index, or another version of the language */
export function checkIndexAndVersion(members: Members): void {
  const indexName = optionalText(members, "indexName") ?? INDEX_NAME;
  if (indexName !== INDEX_NAME) throw notModelled(`the index ${indexName}`);
  const version = optionalText(members, "queryVersion") ?? QUERY_VERSION;
  if (version !== QUERY_VERSION) throw notModelled(`queryVersion ${version}`);
}
