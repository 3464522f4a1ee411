/** Billing groups with the official SDK, in searches and across a restart. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AddThingToBillingGroupCommand,
  AddThingToThingGroupCommand,
  CreateBillingGroupCommand,
  CreateDynamicThingGroupCommand,
  CreateThingCommand,
  CreateThingGroupCommand,
  DeleteBillingGroupCommand,
  DeleteThingCommand,
  DescribeBillingGroupCommand,
  DescribeThingCommand,
  type IoTClient,
  ListBillingGroupsCommand,
  ListTagsForResourceCommand,
  ListThingsInBillingGroupCommand,
  ListThingsInThingGroupCommand,
  RemoveThingFromBillingGroupCommand,
  SearchIndexCommand,
  UpdateBillingGroupCommand,
} from "@aws-sdk/client-iot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Local, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";

const MADRID = "arn:aws:iot:us-east-1:000000000000:billinggroup/madrid";

let dir: string;
let local: Local;
let iot: IoTClient;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-billing-"));
  local = await startLocal({ dir });
  iot = iotClientOf(local);
  await iot.send(
    new CreateBillingGroupCommand({
      billingGroupName: "madrid",
      billingGroupProperties: { billingGroupDescription: "the first one" },
      tags: [{ Key: "a", Value: "b" }],
    }),
  );
  await iot.send(new CreateBillingGroupCommand({ billingGroupName: "rome" }));
  await iot.send(new CreateThingCommand({ thingName: "pump-1", billingGroupName: "madrid" }));
  await iot.send(new CreateThingCommand({ thingName: "pump-2" }));
});

afterEach(async () => {
  iot.destroy();
  await local.stop();
  await rm(dir, { recursive: true });
});

const billingGroupOf = async (thingName: string) =>
  (await iot.send(new DescribeThingCommand({ thingName }))).billingGroupName;
const thingsIn = async (billingGroupName: string) =>
  (await iot.send(new ListThingsInBillingGroupCommand({ billingGroupName }))).things;
const search = async (queryString: string) =>
  (await iot.send(new SearchIndexCommand({ queryString }))).things ?? [];
const names = async (queryString: string) => (await search(queryString)).map(({ thingName }) => thingName);

test("a billing group is described, listed, tagged, updated and survives a restart", async () => {
  const described = await iot.send(new DescribeBillingGroupCommand({ billingGroupName: "madrid" }));
  expect(described).toMatchObject({
    billingGroupName: "madrid",
    billingGroupArn: MADRID,
    billingGroupId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    version: 1,
    billingGroupProperties: { billingGroupDescription: "the first one" },
    billingGroupMetadata: { creationDate: expect.any(Date) },
  });
  const { billingGroups } = await iot.send(new ListBillingGroupsCommand({ namePrefixFilter: "ma" }));
  expect(billingGroups).toEqual([{ groupName: "madrid", groupArn: MADRID }]);
  const { tags } = await iot.send(new ListTagsForResourceCommand({ resourceArn: MADRID }));
  expect(tags).toEqual([{ Key: "a", Value: "b" }]);
  const change = {
    billingGroupName: "madrid",
    billingGroupProperties: { billingGroupDescription: "changed" },
    expectedVersion: 1,
  };
  expect(await iot.send(new UpdateBillingGroupCommand(change))).toMatchObject({ version: 2 });
  await expect(iot.send(new UpdateBillingGroupCommand(change))).rejects.toMatchObject({
    name: "VersionConflictException",
  });
  await local.stop();
  local = await startLocal({ dir });
  iot.destroy();
  iot = iotClientOf(local);
  const after = await iot.send(new DescribeBillingGroupCommand({ billingGroupName: "madrid" }));
  expect(after).toMatchObject({ version: 2, billingGroupProperties: { billingGroupDescription: "changed" } });
  expect(await thingsIn("madrid")).toEqual(["pump-1"]);
});

test("the same group may be created again, another one of that name may not", async () => {
  await iot.send(new CreateBillingGroupCommand({ billingGroupName: "rome" }));
  const other = { billingGroupDescription: "x" };
  await expect(
    iot.send(new CreateBillingGroupCommand({ billingGroupName: "rome", billingGroupProperties: other })),
  ).rejects.toMatchObject({ name: "ResourceAlreadyExistsException", resourceId: "rome" });
});

test("a thing is in one billing group at most", async () => {
  expect(await billingGroupOf("pump-1")).toBe("madrid");
  await iot.send(new AddThingToBillingGroupCommand({ thingName: "pump-1", billingGroupName: "rome" }));
  await iot.send(new AddThingToBillingGroupCommand({ thingName: "pump-2", billingGroupArn: MADRID }));
  expect([await thingsIn("madrid"), await thingsIn("rome")]).toEqual([["pump-2"], ["pump-1"]]);
  await iot.send(new RemoveThingFromBillingGroupCommand({ thingName: "pump-1", billingGroupName: "madrid" }));
  expect(await billingGroupOf("pump-1")).toBe("rome");
  await iot.send(new RemoveThingFromBillingGroupCommand({ thingName: "pump-1", billingGroupName: "rome" }));
  expect(await billingGroupOf("pump-1")).toBeUndefined();
  await iot.send(new DeleteThingCommand({ thingName: "pump-2" }));
  expect(await thingsIn("madrid")).toEqual([]);
});

test("an unknown billing group is not found, except by a deletion", async () => {
  const unknown = { billingGroupName: "none", thingName: "pump-1" };
  for (const command of [
    new DescribeBillingGroupCommand(unknown),
    new ListThingsInBillingGroupCommand(unknown),
    new AddThingToBillingGroupCommand(unknown),
    new CreateThingCommand({ billingGroupName: "none", thingName: "pump-3" }),
  ]) {
    await expect(iot.send(command as DescribeBillingGroupCommand)).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  }
  await iot.send(new DeleteBillingGroupCommand(unknown));
  expect(await names("thingName:pump-3")).toEqual([]);
});

test("searches and dynamic groups find things by their billing group", async () => {
  await iot.send(new CreateThingGroupCommand({ thingGroupName: "fleet" }));
  await iot.send(new AddThingToThingGroupCommand({ thingName: "pump-1", thingGroupName: "fleet" }));
  await iot.send(
    new CreateDynamicThingGroupCommand({ thingGroupName: "paid", queryString: "thingGroupNames:rome" }),
  );
  const members = async () =>
    (await iot.send(new ListThingsInThingGroupCommand({ thingGroupName: "paid" }))).things;
  expect(await search("thingGroupNames:madrid")).toMatchObject([{ thingGroupNames: ["fleet", "madrid"] }]);
  expect(await names("thingName:pump-* AND NOT thingGroupNames:madrid")).toEqual(["pump-2"]);
  expect(await members()).toEqual([]);
  await iot.send(new AddThingToBillingGroupCommand({ thingName: "pump-1", billingGroupName: "rome" }));
  expect(await members()).toEqual(["pump-1"]);
  await iot.send(new DeleteBillingGroupCommand({ billingGroupName: "rome" }));
  expect(await members()).toEqual([]);
  expect(await names("thingGroupNames:rome")).toEqual([]);
});
