import { iotArn } from "../../account.js";
import type { Engine } from "../../engine/engine.js";
import { invalidRequest } from "../../errors.js";
import { nameInArn, readAttributes, THING_NAME, VERSION_RANGE } from "../../registry/fields.js";
import type { Thing } from "../../registry/registry.js";
import { existingThing } from "../../registry/things.js";
import {
  checkText,
  flag,
  onlyMembers,
  optionalInteger,
  optionalText,
  queryMembers,
  requiredText,
} from "../../rest/fields.js";
import { page } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";

/** Things as the control plane has them: create, describe, update, delete, list. */
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
    onlyMembers("CreateThing", queryMembers(query), []);
    onlyMembers("CreateThing", body, ["thingTypeName", "attributePayload"]);
    const thingName = requiredText(params, "thingName", THING_NAME);
    const thing = await engine.run("createThing", {
      thingName,
      thingTypeName: optionalText(body, "thingTypeName", THING_NAME),
      attributes: readAttributes(body).attributes,
    });
    return { thingName, thingArn: arnOf(thingName), thingId: thing.thingId };
  }

  function describeThing({ params }: RestRequest) {
    const thing = existingThing(engine.world, requiredText(params, "thingName", THING_NAME));
    return { defaultClientId: thing.thingName, thingId: thing.thingId, ...listed(thing) };
  }

  async function updateThing({ params, body }: RestRequest) {
    onlyMembers("UpdateThing", body, [
      "thingTypeName",
      "attributePayload",
      "expectedVersion",
      "removeThingType",
    ]);
    const thingTypeName = optionalText(body, "thingTypeName", THING_NAME);
    const removeThingType = flag(body, "removeThingType");
    if (removeThingType && thingTypeName !== undefined) {
      throw invalidRequest("A thing type is set or removed, not both");
    }
    await engine.run("updateThing", {
      thingName: requiredText(params, "thingName", THING_NAME),
      thingTypeName,
      removeThingType,
      ...readAttributes(body),
      expectedVersion: optionalInteger(body, "expectedVersion", VERSION_RANGE),
    });
  }

  async function deleteThing({ params, query }: RestRequest) {
    const members = queryMembers(query);
    onlyMembers("DeleteThing", members, ["expectedVersion"]);
    const expectedVersion = optionalInteger(members, "expectedVersion", VERSION_RANGE);
    await engine.run("deleteThing", {
      thingName: requiredText(params, "thingName", THING_NAME),
      expectedVersion,
    });
  }

  function listThings({ query }: RestRequest) {
    const members = queryMembers(query);
    onlyMembers("ListThings", members, [
      "maxResults",
      "nextToken",
      "attributeName",
      "attributeValue",
      "usePrefixAttributeValue",
      "thingTypeName",
    ]);
    const type = optionalText(members, "thingTypeName", THING_NAME);
    const name = optionalText(members, "attributeName");
    const value = optionalText(members, "attributeValue");
    if (value !== undefined && name === undefined) {
      throw invalidRequest("attributeValue needs attributeName beside it");
    }
    const prefix = flag(members, "usePrefixAttributeValue");
    const { items, nextToken } = page(
      filter(
        engine.world.things.values(),
        (thing) =>
          (type === undefined || thing.thingTypeName === type) && matches(thing, name, value, prefix),
      ),
      "oldestFirst",
      members,
    );
    return { things: items.map(listed), nextToken };
  }

  function listed(thing: Readonly<Thing>) {
    const { thingName, thingTypeName, attributes, version } = thing;
    return { thingName, thingTypeName, thingArn: arnOf(thingName), attributes, version };
  }
}

/** The thing that `thingName` or `thingArn` of a body names. */
export function thingNameIn(body: Record<string, unknown>): string {
  const arn = optionalText(body, "thingArn");
  if (arn !== undefined) return checkText(nameInArn(arn, "thing"), "thingArn", THING_NAME);
  return requiredText(body, "thingName", THING_NAME);
}

function matches(
  thing: Thing,
  name: string | undefined,
  value: string | undefined,
  prefix: boolean,
): boolean {
  if (name === undefined) return true;
  if (!Object.hasOwn(thing.attributes, name)) return false;
  const found = thing.attributes[name] ?? "";
  return value === undefined || (prefix ? found.startsWith(value) : found === value);
}

function* filter<T>(items: Iterable<T>, keep: (item: T) => boolean): Iterable<T> {
  for (const item of items) if (keep(item)) yield item;
}
