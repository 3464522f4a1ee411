import { iotArn } from "../../account.js";
import type { Engine } from "../../engine/engine.js";
import { invalidRequest } from "../../errors.js";
import { readTags } from "../../jobs/fields.js";
import { listOf } from "../../listing/indexes.js";
import { sorted } from "../../listing/list-index.js";
import { ATTRIBUTE_NAME, THING_NAME } from "../../registry/fields.js";
import type { ThingType } from "../../registry/registry.js";
import { existingThingType } from "../../registry/thing-types.js";
import {
  checkString,
  type Members,
  optionalBoolean,
  optionalObject,
  optionalString,
  queryMembers,
  refuseUnknownMembers,
  requiredString,
  requiredStrings,
} from "../../rest/fields.js";
import { page } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";

const DESCRIPTION = { min: 0, max: 2028, pattern: /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Z}]*$/u };
/** AWS IoT Developer Guide, "Thing types". */
const SEARCHABLE_ATTRIBUTES_MAX = 3;

/** Returns the routes for thing types. */
export function thingTypeRoutes(engine: Engine) {
  return [
    route("POST /thing-types/{thingTypeName}", createThingType),
    route("GET /thing-types/{thingTypeName}", describeThingType),
    route("GET /thing-types", listThingTypes),
    route("PATCH /thing-types/{thingTypeName}", updateThingType),
    route("POST /thing-types/{thingTypeName}/deprecate", deprecateThingType),
    route("DELETE /thing-types/{thingTypeName}", deleteThingType),
  ];

  async function createThingType({ params, body }: RestRequest) {
    refuseUnknownMembers("CreateThingType", body, ["thingTypeProperties", "tags"]);
    const { description, searchableAttributes = [] } = readProperties(body);
    const type = await engine.run("createThingType", {
      thingTypeName: readName(params),
      description,
      searchableAttributes,
      tags: readTags(body),
    });
    return { thingTypeName: type.thingTypeName, thingTypeArn: arnOf(type), thingTypeId: type.thingTypeId };
  }

  function describeThingType({ params }: RestRequest) {
    const type = existingThingType(engine.world, readName(params));
    return { thingTypeId: type.thingTypeId, ...toSummary(type) };
  }

  async function listThingTypes({ query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListThingTypes", members, ["maxResults", "nextToken", "thingTypeName"]);
    const name = optionalString(members, "thingTypeName", THING_NAME);
    const { thingTypes } = engine.world;
    const named = name === undefined ? undefined : thingTypes.get(name);
    const found = name === undefined ? listOf(thingTypes) : sorted(named === undefined ? [] : [named]);
    const { items, nextToken } = await page(found, "oldestFirst", members);
    return { thingTypes: items.map(toSummary), nextToken };
  }

  async function updateThingType({ params, body }: RestRequest) {
    refuseUnknownMembers("UpdateThingType", body, ["thingTypeProperties"]);
    await engine.run("updateThingType", { thingTypeName: readName(params), ...readProperties(body) });
  }

  async function deprecateThingType({ params, body }: RestRequest) {
    refuseUnknownMembers("DeprecateThingType", body, ["undoDeprecate"]);
    await engine.run("deprecateThingType", {
      thingTypeName: readName(params),
      undo: optionalBoolean(body, "undoDeprecate"),
    });
  }

  async function deleteThingType({ params }: RestRequest) {
    await engine.run("deleteThingType", { thingTypeName: readName(params) });
  }

  function toSummary(type: Readonly<ThingType>) {
    const { deprecatedAtMs } = type;
    return {
      thingTypeName: type.thingTypeName,
      thingTypeArn: arnOf(type),
      thingTypeProperties: {
        thingTypeDescription: type.description,
        searchableAttributes: type.searchableAttributes,
      },
      thingTypeMetadata: {
        deprecated: deprecatedAtMs !== undefined,
        deprecationDate: deprecatedAtMs === undefined ? undefined : deprecatedAtMs / 1000,
        creationDate: type.createdAtMs / 1000,
      },
    };
  }

  function arnOf({ thingTypeName }: Readonly<ThingType>): string {
    return iotArn(engine.world.region, `thingtype/${thingTypeName}`);
  }
}

function readName(params: Readonly<Record<string, string>>): string {
  return requiredString(params, "thingTypeName", THING_NAME);
}

/** Reads the properties in a body; missing ones are `undefined`. */
function readProperties(body: Members) {
  const properties = optionalObject(body, "thingTypeProperties") ?? {};
  refuseUnknownMembers("thingTypeProperties", properties, ["thingTypeDescription", "searchableAttributes"]);
  return {
    description: optionalString(properties, "thingTypeDescription", DESCRIPTION),
    searchableAttributes: readSearchable(properties),
  };
}

function readSearchable(properties: Members): string[] | undefined {
  if (properties["searchableAttributes"] === undefined) return undefined;
  const names = requiredStrings(properties, "searchableAttributes");
  for (const name of names) checkString(name, "searchableAttributes", ATTRIBUTE_NAME);
  if (names.length <= SEARCHABLE_ATTRIBUTES_MAX) return names;
  throw invalidRequest(`A thing type has at most ${SEARCHABLE_ATTRIBUTES_MAX} searchable attributes`);
}
