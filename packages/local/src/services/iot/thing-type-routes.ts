import { iotArn } from "../../account.js";
import type { Engine } from "../../engine/engine.js";
import { invalidRequest } from "../../errors.js";
import { readTags } from "../../jobs/fields.js";
import { ATTRIBUTE_NAME, THING_NAME } from "../../registry/fields.js";
import type { ThingType } from "../../registry/registry.js";
import { existingThingType } from "../../registry/thing-types.js";
import {
  checkText,
  flag,
  type Members,
  onlyMembers,
  optionalObject,
  optionalText,
  queryMembers,
  requiredText,
  requiredTexts,
} from "../../rest/fields.js";
import { page } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";

const DESCRIPTION = { min: 0, max: 2028, pattern: /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Z}]*$/u };
/** AWS IoT Developer Guide, "Thing types". */
const SEARCHABLE_ATTRIBUTES_MAX = 3;

/** Thing types: create, describe, list, update, deprecate, delete. */
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
    onlyMembers("CreateThingType", body, ["thingTypeProperties", "tags"]);
    const { description, searchableAttributes = [] } = readProperties(body);
    const type = await engine.run("createThingType", {
      thingTypeName: nameIn(params),
      description,
      searchableAttributes,
      tags: readTags(body),
    });
    return { thingTypeName: type.thingTypeName, thingTypeArn: arnOf(type), thingTypeId: type.thingTypeId };
  }

  function describeThingType({ params }: RestRequest) {
    const type = existingThingType(engine.world, nameIn(params));
    return { ...listed(type), thingTypeId: type.thingTypeId };
  }

  function listThingTypes({ query }: RestRequest) {
    const members = queryMembers(query);
    onlyMembers("ListThingTypes", members, ["maxResults", "nextToken", "thingTypeName"]);
    const name = optionalText(members, "thingTypeName", THING_NAME);
    const types = [...engine.world.thingTypes.values()];
    const found = name === undefined ? types : types.filter((type) => type.thingTypeName === name);
    const { items, nextToken } = page(found, "oldestFirst", members);
    return { thingTypes: items.map(listed), nextToken };
  }

  async function updateThingType({ params, body }: RestRequest) {
    onlyMembers("UpdateThingType", body, ["thingTypeProperties"]);
    await engine.run("updateThingType", { thingTypeName: nameIn(params), ...readProperties(body) });
  }

  async function deprecateThingType({ params, body }: RestRequest) {
    onlyMembers("DeprecateThingType", body, ["undoDeprecate"]);
    await engine.run("deprecateThingType", {
      thingTypeName: nameIn(params),
      undo: flag(body, "undoDeprecate"),
    });
  }

  async function deleteThingType({ params }: RestRequest) {
    await engine.run("deleteThingType", { thingTypeName: nameIn(params) });
  }

  function listed(type: Readonly<ThingType>) {
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

function nameIn(params: Readonly<Record<string, string>>): string {
  return requiredText(params, "thingTypeName", THING_NAME);
}

/** Of a body; what it does not name is absent. */
function readProperties(body: Members) {
  const properties = optionalObject(body, "thingTypeProperties") ?? {};
  onlyMembers("thingTypeProperties", properties, ["thingTypeDescription", "searchableAttributes"]);
  return {
    description: optionalText(properties, "thingTypeDescription", DESCRIPTION),
    searchableAttributes: readSearchable(properties),
  };
}

function readSearchable(properties: Members): string[] | undefined {
  if (properties["searchableAttributes"] === undefined) return undefined;
  const names = requiredTexts(properties, "searchableAttributes");
  for (const name of names) checkText(name, "searchableAttributes", ATTRIBUTE_NAME);
  if (names.length <= SEARCHABLE_ATTRIBUTES_MAX) return names;
  throw invalidRequest(`A thing type has at most ${SEARCHABLE_ATTRIBUTES_MAX} searchable attributes`);
}
