import { iotArn } from "../../account.js";
import type { Engine } from "../../engine/engine.js";
import { invalidRequest } from "../../errors.js";
import {
  ATTRIBUTE_NAME,
  nameInArn,
  readAttributes,
  THING_NAME,
  VERSION_RANGE,
} from "../../registry/fields.js";
import type { Thing } from "../../registry/registry.js";
import { listThings as listOfThings } from "../../registry/thing-lists.js";
import { existingThing } from "../../registry/things.js";
import {
  checkString,
  optionalBoolean,
  optionalInteger,
  optionalString,
  queryMembers,
  refuseUnknownMembers,
  requiredString,
} from "../../rest/fields.js";
import { page } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";

/** Returns the routes for things. */
export function thingRoutes(engine: Engine) {
  return [
    route("POST /things/{thingName}", createThing),
    route("GET /things/{thingName}", describeThing),
    route("PATCH /things/{thingName}", updateThing),
    route("DELETE /things/{thingName}", deleteThing),
    route("GET /things", listThings),
  ];

  function arnOf(thingName: string): string {
    return iotArn(engine.world.region, `thing/${thingName}`);
  }

  async function createThing({ params, query, body }: RestRequest) {
    refuseUnknownMembers("CreateThing", queryMembers(query), []);
    refuseUnknownMembers("CreateThing", body, ["thingTypeName", "attributePayload", "billingGroupName"]);
    const thingName = requiredString(params, "thingName", THING_NAME);
    const thing = await engine.run("createThing", {
      thingName,
      thingTypeName: optionalString(body, "thingTypeName", THING_NAME),
      attributes: readAttributes(body).attributes,
      billingGroupName: optionalString(body, "billingGroupName", THING_NAME),
    });
    return { thingName, thingArn: arnOf(thingName), thingId: thing.thingId };
  }

  function describeThing({ params }: RestRequest) {
    const thing = existingThing(engine.world, requiredString(params, "thingName", THING_NAME));
    const { thingName, thingId, billingGroupName } = thing;
    return { defaultClientId: thingName, thingId, billingGroupName, ...toSummary(thing) };
  }

  async function updateThing({ params, body }: RestRequest) {
    refuseUnknownMembers("UpdateThing", body, [
      "thingTypeName",
      "attributePayload",
      "expectedVersion",
      "removeThingType",
    ]);
    const thingTypeName = optionalString(body, "thingTypeName", THING_NAME);
    const removeThingType = optionalBoolean(body, "removeThingType");
    if (removeThingType && thingTypeName !== undefined) {
      throw invalidRequest("thingTypeName and removeThingType must not be used together");
    }
    await engine.run("updateThing", {
      thingName: requiredString(params, "thingName", THING_NAME),
      thingTypeName,
      removeThingType,
      ...readAttributes(body),
      expectedVersion: optionalInteger(body, "expectedVersion", VERSION_RANGE),
    });
  }

  async function deleteThing({ params, query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("DeleteThing", members, ["expectedVersion"]);
    const expectedVersion = optionalInteger(members, "expectedVersion", VERSION_RANGE);
    await engine.run("deleteThing", {
      thingName: requiredString(params, "thingName", THING_NAME),
      expectedVersion,
    });
  }

  async function listThings({ query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListThings", members, [
      "maxResults",
      "nextToken",
      "attributeName",
      "attributeValue",
      "usePrefixAttributeValue",
      "thingTypeName",
    ]);
    const type = optionalString(members, "thingTypeName", THING_NAME);
    const name = optionalString(members, "attributeName", ATTRIBUTE_NAME);
    const value = optionalString(members, "attributeValue");
    if (value !== undefined && name === undefined) {
      throw invalidRequest("attributeValue needs attributeName");
    }
    const attribute = { name, value, isPrefix: optionalBoolean(members, "usePrefixAttributeValue") };
    const { items, nextToken } = await page(
      listOfThings(engine.world, type, attribute),
      "oldestFirst",
      members,
    );
    return { things: items.map(toSummary), nextToken };
  }

  function toSummary(thing: Readonly<Thing>) {
    const { thingName, thingTypeName, attributes, version } = thing;
    return { thingName, thingTypeName, thingArn: arnOf(thingName), attributes, version };
  }
}

/** Returns the name in `thingName` or `thingArn` of a body. */
export function readThingName(body: Record<string, unknown>): string {
  const arn = optionalString(body, "thingArn");
  if (arn !== undefined) return checkString(nameInArn(arn, "thing"), "thingArn", THING_NAME);
  return requiredString(body, "thingName", THING_NAME);
}
