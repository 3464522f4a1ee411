import { iotArn } from "../../account.js";
import type { Engine } from "../../engine/engine.js";
import { readTags } from "../../jobs/fields.js";
import { listOf } from "../../listing/indexes.js";
import { filtered } from "../../listing/list-index.js";
import { nameInArn, THING_NAME, VERSION_RANGE } from "../../registry/fields.js";
import { listThingsOfBillingGroup } from "../../registry/membership.js";
import type { BillingGroup } from "../../registry/registry.js";
import { existingBillingGroup } from "../../registry/things.js";
import {
  checkString,
  type Members,
  optionalInteger,
  optionalObject,
  optionalString,
  queryMembers,
  refuseUnknownMembers,
  requiredString,
} from "../../rest/fields.js";
import { page } from "../../rest/paging.js";
import { type RestRequest, type Route, route } from "../../rest/router.js";
import { readThingName } from "./thing-routes.js";

// Source: API model iot 2015-05-28.

const DESCRIPTION = { min: 0, max: 2028, pattern: /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u };
const PAGING = ["maxResults", "nextToken"];
const MEMBERSHIP = ["thingName", "thingArn", "billingGroupName", "billingGroupArn"];

/** Returns the routes for billing groups and their things. */
export function billingGroupRoutes(engine: Engine): Route[] {
  return [
    route("PUT /billing-groups/addThingToBillingGroup", addThing),
    route("PUT /billing-groups/removeThingFromBillingGroup", removeThing),
    route("POST /billing-groups/{billingGroupName}", createGroup),
    route("GET /billing-groups/{billingGroupName}", describeGroup),
    route("PATCH /billing-groups/{billingGroupName}", updateGroup),
    route("DELETE /billing-groups/{billingGroupName}", deleteGroup),
    route("GET /billing-groups", listGroups),
    route("GET /billing-groups/{billingGroupName}/things", listThings),
  ];

  async function createGroup({ params, body }: RestRequest) {
    refuseUnknownMembers("CreateBillingGroup", body, ["billingGroupProperties", "tags"]);
    const { billingGroupName, billingGroupId } = await engine.run("createBillingGroup", {
      billingGroupName: readName(params),
      description: readDescription(body),
      tags: readTags(body),
    });
    return { billingGroupName, billingGroupArn: arnOf(billingGroupName), billingGroupId };
  }

  function describeGroup({ params }: RestRequest) {
    const group = existingBillingGroup(engine.world, readName(params));
    const { billingGroupName, billingGroupId, version, description, createdAtMs } = group;
    return {
      billingGroupName,
      billingGroupId,
      billingGroupArn: arnOf(billingGroupName),
      version,
      billingGroupProperties: { billingGroupDescription: description },
      billingGroupMetadata: { creationDate: createdAtMs / 1000 },
    };
  }

  async function updateGroup({ params, body }: RestRequest) {
    refuseUnknownMembers("UpdateBillingGroup", body, ["billingGroupProperties", "expectedVersion"]);
    const version = await engine.run("updateBillingGroup", {
      billingGroupName: readName(params),
      description: readDescription(body),
      expectedVersion: optionalInteger(body, "expectedVersion", VERSION_RANGE),
    });
    return { version };
  }

  async function deleteGroup({ params, query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("DeleteBillingGroup", members, ["expectedVersion"]);
    await engine.run("deleteBillingGroup", {
      billingGroupName: readName(params),
      expectedVersion: optionalInteger(members, "expectedVersion", VERSION_RANGE),
    });
  }

  async function addThing({ body }: RestRequest) {
    refuseUnknownMembers("AddThingToBillingGroup", body, MEMBERSHIP);
    await engine.run("addThingToBillingGroup", readMembership(body));
  }

  async function removeThing({ body }: RestRequest) {
    refuseUnknownMembers("RemoveThingFromBillingGroup", body, MEMBERSHIP);
    await engine.run("removeThingFromBillingGroup", readMembership(body));
  }

  async function listGroups({ query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListBillingGroups", members, [...PAGING, "namePrefixFilter"]);
    const prefix = optionalString(members, "namePrefixFilter", THING_NAME) ?? "";
    const groups = listOf(engine.world.billingGroups ?? new Map<string, BillingGroup>());
    const found = filtered(groups, ({ billingGroupName }) => billingGroupName.startsWith(prefix));
    const { items, nextToken } = await page(found, "oldestFirst", members);
    const billingGroups = items.map(({ billingGroupName }) => ({
      groupName: billingGroupName,
      groupArn: arnOf(billingGroupName),
    }));
    return { billingGroups, nextToken };
  }

  async function listThings({ params, query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListThingsInBillingGroup", members, PAGING);
    const group = existingBillingGroup(engine.world, readName(params));
    const things = listThingsOfBillingGroup(engine.world, group);
    const { items, nextToken } = await page(things, "oldestFirst", members);
    return { things: items.map(({ thingName }) => thingName), nextToken };
  }

  function arnOf(billingGroupName: string): string {
    return iotArn(engine.world.region, `billinggroup/${billingGroupName}`);
  }
}

function readName(members: Members): string {
  return requiredString(members, "billingGroupName", THING_NAME);
}

function readDescription(body: Members): string | undefined {
  const properties = optionalObject(body, "billingGroupProperties") ?? {};
  refuseUnknownMembers("billingGroupProperties", properties, ["billingGroupDescription"]);
  return optionalString(properties, "billingGroupDescription", DESCRIPTION);
}

function readMembership(body: Record<string, unknown>) {
  const arn = optionalString(body, "billingGroupArn");
  const billingGroupName =
    arn === undefined
      ? readName(body)
      : checkString(nameInArn(arn, "billinggroup"), "billingGroupArn", THING_NAME);
  return { thingName: readThingName(body), billingGroupName };
}
