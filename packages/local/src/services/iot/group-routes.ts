import { iotArn } from "../../account.js";
import type { Engine } from "../../engine/engine.js";
import { notSupported } from "../../errors.js";
import { readTags } from "../../jobs/fields.js";
import { filtered, sorted } from "../../listing/list-index.js";
import type { Broker } from "../../mqtt/broker.js";
import { nameInArn, readAttributes, THING_NAME, VERSION_RANGE } from "../../registry/fields.js";
import type { GroupDeletion } from "../../registry/group-deletion.js";
import { existingGroup } from "../../registry/groups.js";
import { groupsAbove, listGroupsBelow, listThingsOfGroup } from "../../registry/membership.js";
import type { ThingGroup } from "../../registry/registry.js";
import { existingThing } from "../../registry/things.js";
import {
  checkString,
  optionalBoolean,
  optionalInteger,
  optionalObject,
  optionalString,
  queryMembers,
  refuseUnknownMembers,
  requiredString,
  requiredStrings,
} from "../../rest/fields.js";
import { page } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";
import { QUERY_VERSION, requireThingsIndex, THINGS_INDEX } from "../../search/indexing.js";
import { parseThingQuery } from "../../search/thing-query.js";
import { readIndex, readQueryString, SEARCH } from "./index-requests.js";
import { recordConnectivity } from "./index-routes.js";
import { readThingName } from "./thing-routes.js";

const DESCRIPTION = { min: 0, max: 2028, pattern: /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Z}]*$/u };

/** Returns the routes for thing groups, static and dynamic, and their members. */
export function groupRoutes(engine: Engine, clients: Broker["connectivity"]) {
  return [
    route("PUT /thing-groups/addThingToThingGroup", addThing),
    route("PUT /thing-groups/removeThingFromThingGroup", removeThing),
    route("PUT /thing-groups/updateThingGroupsForThing", updateGroupsForThing),
    route("POST /thing-groups/{thingGroupName}", createGroup),
    route("GET /thing-groups/{thingGroupName}", describeGroup),
    route("PATCH /thing-groups/{thingGroupName}", updateGroup),
    route("DELETE /thing-groups/{thingGroupName}", deleteGroup),
    route("GET /thing-groups", listGroups),
    route("GET /thing-groups/{thingGroupName}/things", listThingsInGroup),
    route("GET /things/{thingName}/thing-groups", listGroupsForThing),
    route("POST /dynamic-thing-groups/{thingGroupName}", createDynamicGroup),
    route("PATCH /dynamic-thing-groups/{thingGroupName}", updateDynamicGroup),
    route("DELETE /dynamic-thing-groups/{thingGroupName}", deleteDynamicGroup),
  ];

  function nameAndArn(groupName: string) {
    return { groupName, groupArn: iotArn(engine.world.region, `thinggroup/${groupName}`) };
  }

  async function createGroup({ params, body }: RestRequest) {
    refuseUnknownMembers("CreateThingGroup", body, ["parentGroupName", "thingGroupProperties", "tags"]);
    const thingGroupName = requiredString(params, "thingGroupName", THING_NAME);
    const { description, attributes } = readProperties(body);
    const parent = optionalString(body, "parentGroupName", THING_NAME);
    const tags = readTags(body);
    const group = await engine.run("createThingGroup", {
      thingGroupName,
      description,
      attributes,
      parent,
      tags,
    });
    return identity(group);
  }

  async function createDynamicGroup({ params, body }: RestRequest) {
    refuseUnknownMembers("CreateDynamicThingGroup", body, ["thingGroupProperties", "tags", ...SEARCH]);
    const { description, attributes } = readProperties(body);
    const queryString = readQueryString(body);
    await checkQuery(body, queryString);
    const group = await engine.run("createDynamicThingGroup", {
      thingGroupName: requiredString(params, "thingGroupName", THING_NAME),
      description,
      attributes,
      tags: readTags(body),
      queryString,
    });
    await untilComplete(group.thingGroupName);
    return { ...identity(group), ...queryMembersOf(group) };
  }

  async function updateDynamicGroup({ params, body }: RestRequest) {
    refuseUnknownMembers("UpdateDynamicThingGroup", body, [
      "thingGroupProperties",
      "expectedVersion",
      ...SEARCH,
    ]);
    const queryString = optionalString(body, "queryString") === undefined ? undefined : readQueryString(body);
    await checkQuery(body, queryString);
    const thingGroupName = requiredString(params, "thingGroupName", THING_NAME);
    const version = await engine.run("updateDynamicThingGroup", {
      thingGroupName,
      ...readProperties(body),
      expectedVersion: optionalInteger(body, "expectedVersion", VERSION_RANGE),
      queryString,
    });
    await untilComplete(thingGroupName);
    return { version };
  }

  async function deleteDynamicGroup(request: RestRequest) {
    const deletion = readDeletion("DeleteDynamicThingGroup", request);
    await untilGone(deletion, engine.run("deleteDynamicThingGroup", deletion));
  }

  /** Resolves when the group has the things that its query finds, or is gone. Until then, the others see a part of them. */
  function untilComplete(thingGroupName: string): Promise<void> {
    return engine.until(() => engine.world.groupRefreshes?.has(thingGroupName) !== true);
  }

  /** Resolves when the group has no members left, and is gone: until then, the others see it. */
  async function untilGone({ thingGroupName }: GroupDeletion, deletion: Promise<void>): Promise<void> {
    const idNow = () => engine.world.groups.get(thingGroupName)?.thingGroupId;
    const id = idNow();
    await deletion;
    if (id !== undefined) await engine.until(() => idNow() !== id);
  }

  /** Jobs can target the members of a group, so the connectivity that its query uses must survive a restart. */
  async function checkQuery(body: RestRequest["body"], queryString: string | undefined): Promise<void> {
    requireThingsIndex(readIndex(engine.world, body));
    if (queryString === undefined) return;
    const { parts } = parseThingQuery(engine.world, queryString);
    if (parts.has("connectivity") && !engine.world.connectivityIndexed)
      await recordConnectivity(engine, clients);
  }

  function statusOf({ thingGroupName, version }: Readonly<ThingGroup>): string {
    if (engine.world.groupRefreshes?.has(thingGroupName) !== true) return "ACTIVE";
    return version === 1 ? "BUILDING" : "REBUILDING";
  }

  function identity({ thingGroupName, thingGroupId }: Readonly<ThingGroup>) {
    return { thingGroupName, thingGroupArn: nameAndArn(thingGroupName).groupArn, thingGroupId };
  }

  function describeGroup({ params }: RestRequest) {
    const group = existingGroup(engine.world, requiredString(params, "thingGroupName", THING_NAME));
    const above = groupsAbove(engine.world, group.thingGroupName);
    return {
      version: group.version,
      ...identity(group),
      thingGroupProperties: {
        thingGroupDescription: group.description,
        attributePayload: { attributes: group.attributes },
      },
      thingGroupMetadata: {
        parentGroupName: group.parent,
        rootToParentThingGroups: above.length === 0 ? undefined : above.map(nameAndArn),
        creationDate: group.createdAtMs / 1000,
      },
      ...(group.queryString !== undefined && { ...queryMembersOf(group), status: statusOf(group) }),
    };
  }

  async function updateGroup({ params, body }: RestRequest) {
    refuseUnknownMembers("UpdateThingGroup", body, ["thingGroupProperties", "expectedVersion"]);
    const version = await engine.run("updateThingGroup", {
      thingGroupName: requiredString(params, "thingGroupName", THING_NAME),
      ...readProperties(body),
      expectedVersion: optionalInteger(body, "expectedVersion", VERSION_RANGE),
    });
    return { version };
  }

  async function deleteGroup(request: RestRequest) {
    const deletion = readDeletion("DeleteThingGroup", request);
    await untilGone(deletion, engine.run("deleteThingGroup", deletion));
  }

  async function addThing({ body }: RestRequest) {
    refuseUnknownMembers("AddThingToThingGroup", body, [...MEMBERSHIP, "overrideDynamicGroups"]);
    await engine.run("addThingToGroup", {
      thingName: readThingName(body),
      thingGroupName: readGroupName(body),
      overrideDynamicGroups: optionalBoolean(body, "overrideDynamicGroups"),
    });
  }

  async function removeThing({ body }: RestRequest) {
    refuseUnknownMembers("RemoveThingFromThingGroup", body, MEMBERSHIP);
    await engine.run("removeThingFromGroup", {
      thingName: readThingName(body),
      thingGroupName: readGroupName(body),
    });
  }

  async function updateGroupsForThing({ body }: RestRequest) {
    refuseUnknownMembers("UpdateThingGroupsForThing", body, [
      "thingName",
      "thingGroupsToAdd",
      "thingGroupsToRemove",
      "overrideDynamicGroups",
    ]);
    await engine.run("updateGroupsOfThing", {
      thingName: requiredString(body, "thingName", THING_NAME),
      add: body["thingGroupsToAdd"] === undefined ? [] : requiredStrings(body, "thingGroupsToAdd"),
      remove: body["thingGroupsToRemove"] === undefined ? [] : requiredStrings(body, "thingGroupsToRemove"),
      overrideDynamicGroups: optionalBoolean(body, "overrideDynamicGroups"),
    });
  }

  async function listGroups({ query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListThingGroups", members, [
      ...PAGING,
      "parentGroup",
      "namePrefixFilter",
      "recursive",
    ]);
    const parent = optionalString(members, "parentGroup", THING_NAME);
    const prefix = optionalString(members, "namePrefixFilter", THING_NAME) ?? "";
    const recursive = optionalBoolean(members, "recursive", true);
    if (parent !== undefined) existingGroup(engine.world, parent);
    const groups = listGroupsBelow(engine.world, parent, recursive);
    const found = filtered(groups, ({ thingGroupName }) => thingGroupName.startsWith(prefix));
    const { items, nextToken } = await page(found, "oldestFirst", members);
    return { thingGroups: items.map((group) => nameAndArn(group.thingGroupName)), nextToken };
  }

  async function listThingsInGroup({ params, query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListThingsInThingGroup", members, [...PAGING, "recursive"]);
    const group = existingGroup(engine.world, requiredString(params, "thingGroupName", THING_NAME));
    const things = listThingsOfGroup(engine.world, group, optionalBoolean(members, "recursive"));
    const { items, nextToken } = await page(things, "oldestFirst", members);
    return { things: items.map((thing) => thing.thingName), nextToken };
  }

  async function listGroupsForThing({ params, query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListThingGroupsForThing", members, PAGING);
    const thing = existingThing(engine.world, requiredString(params, "thingName", THING_NAME));
    const groups = [...thing.groups].map((name) => existingGroup(engine.world, name));
    const { items, nextToken } = await page(sorted(groups), "oldestFirst", members);
    return { thingGroups: items.map((group) => nameAndArn(group.thingGroupName)), nextToken };
  }
}

const PAGING = ["maxResults", "nextToken"];
const MEMBERSHIP = ["thingName", "thingArn", "thingGroupName", "thingGroupArn"];

function queryMembersOf({ queryString }: Readonly<ThingGroup>) {
  return { indexName: THINGS_INDEX, queryString, queryVersion: QUERY_VERSION };
}

function readDeletion(operation: string, { params, query }: RestRequest): GroupDeletion {
  const members = queryMembers(query);
  refuseUnknownMembers(operation, members, ["expectedVersion"]);
  return {
    thingGroupName: requiredString(params, "thingGroupName", THING_NAME),
    expectedVersion: optionalInteger(members, "expectedVersion", VERSION_RANGE),
  };
}

function readGroupName(body: Record<string, unknown>): string {
  const arn = optionalString(body, "thingGroupArn");
  if (arn !== undefined) return checkString(nameInArn(arn, "thinggroup"), "thingGroupArn", THING_NAME);
  return requiredString(body, "thingGroupName", THING_NAME);
}

function readProperties(body: Record<string, unknown>) {
  const properties = optionalObject(body, "thingGroupProperties") ?? {};
  refuseUnknownMembers("thingGroupProperties", properties, ["thingGroupDescription", "attributePayload"]);
  const payload = optionalObject(properties, "attributePayload");
  if (payload?.["thingTypeName"] !== undefined) throw notSupported("thingTypeName of a thing group");
  return {
    description: optionalString(properties, "thingGroupDescription", DESCRIPTION),
    ...readAttributes(properties),
  };
}
