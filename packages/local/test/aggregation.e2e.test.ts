/** Aggregating the index of things, and the index of thing groups, with the official client. */
import {
  CreateDynamicThingGroupCommand,
  CreateThingCommand,
  CreateThingGroupCommand,
  DescribeIndexCommand,
  GetBucketsAggregationCommand,
  GetCardinalityCommand,
  GetIndexingConfigurationCommand,
  GetPercentilesCommand,
  GetStatisticsCommand,
  type IoTClient,
  ListIndicesCommand,
  SearchIndexCommand,
  UpdateIndexingConfigurationCommand,
  UpdateThingCommand,
} from "@aws-sdk/client-iot";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Local, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";
import { updateShadow } from "./support/shadow-http.js";

let local: Local;
let iot: IoTClient;
const fota = (thingName: string) => ({ thingName, shadowName: "fota" });

describe("things", () => {
  const FLEET = [
    { version: "1.0", battery: 10, ok: true },
    { version: "1.0", battery: 20, ok: false },
    { version: "2.0", battery: 60, ok: true },
    { version: "2.0", battery: "low", ok: true },
    { version: "2.0" },
  ];

  beforeAll(async () => {
    local = await startLocal();
    iot = iotClientOf(local);
    for (const [index, reported] of FLEET.entries()) {
      const attributes = index === 4 ? {} : { site: index < 3 ? "milan" : "rome", rack: String(index) };
      await iot.send(
        new CreateThingCommand({ thingName: `pump-${index}`, attributePayload: { attributes } }),
      );
      await updateShadow(local, fota(`pump-${index}`), { reported });
    }
    await iot.send(new CreateThingCommand({ thingName: "new" }));
    await iot.send(
      new UpdateThingCommand({ thingName: "new", attributePayload: { attributes: { site: "oslo" } } }),
    );
  });
  afterAll(() => local.stop());

  const buckets = (aggregationField: string, maxBuckets?: number, queryString = "*") =>
    iot.send(
      new GetBucketsAggregationCommand({
        queryString,
        aggregationField,
        bucketsAggregationType: { termsAggregation: { maxBuckets } },
      }),
    );
  const VERSION = "shadow.name.fota.reported.version";

  test("are counted by the version that they report", async () => {
    expect(await buckets(VERSION)).toMatchObject({
      totalCount: 6,
      buckets: [
        { keyValue: "2.0", count: 3 },
        { keyValue: "1.0", count: 2 },
      ],
    });
    expect(await buckets(VERSION, 1, "attributes.site:milan")).toMatchObject({
      totalCount: 3,
      buckets: [{ keyValue: "1.0", count: 2 }],
    });
    expect(await buckets("shadow.name.fota.reported.ok")).toMatchObject({
      buckets: [
        { keyValue: "true", count: 3 },
        { keyValue: "false", count: 1 },
      ],
    });
    expect(await buckets("registry.thingTypeName")).toMatchObject({ totalCount: 6, buckets: [] });
    expect(await buckets("connectivity.connected")).toMatchObject({
      buckets: [{ keyValue: "false", count: 6 }],
    });
    expect(await buckets("shadow.name.fota.version")).toMatchObject({
      buckets: [{ keyValue: "1", count: 5 }],
    });
  });

  test("have statistics; by default, of the version in the registry", async () => {
    const statistics = async (queryString: string, aggregationField?: string) =>
      (await iot.send(new GetStatisticsCommand({ queryString, aggregationField }))).statistics;
    expect(await statistics("*")).toMatchObject({ count: 6, sum: 7, minimum: 1, maximum: 2 });
    expect(await statistics("connectivity.connected:true")).toEqual({ count: 0 });
    expect(await statistics("*", "attributes.rack")).toMatchObject({
      count: 4,
      average: 1.5,
      sumOfSquares: 14,
    });
    expect(await statistics("*", "attributes.site")).toEqual({ count: 5 });
    expect(await statistics("*", "shadow.name.fota.reported.ok")).toMatchObject({ count: 4, average: 0.75 });
  });

  test("have percentiles and a cardinality", async () => {
    const percentiles = async (aggregationField: string, percents?: number[]) =>
      (await iot.send(new GetPercentilesCommand({ queryString: "*", aggregationField, percents })))
        .percentiles;
    expect(await percentiles("attributes.rack", [50, 100])).toEqual([
      { percent: 50, value: 1.5 },
      { percent: 100, value: 3 },
    ]);
    expect((await percentiles("attributes.rack"))?.map(({ percent }) => percent)).toEqual([
      1, 5, 25, 50, 75, 95, 99,
    ]);
    expect(await percentiles("attributes.none")).toEqual([]);
    const cardinality = async (aggregationField: string, queryString = "*") =>
      (await iot.send(new GetCardinalityCommand({ queryString, aggregationField }))).cardinality;
    expect(await cardinality("attributes.site")).toBe(3);
    expect(await cardinality("attributes.site", "thingName:none*")).toBe(0);
  });

  test.each([
    [{ percents: [101] }, "numbers from 0 to 100"],
    [{ percents: Array.from({ length: 101 }, () => 1) }, "has 101 numbers, at most 100"],
    [{ queryVersion: "1" }, "Invalid queryVersion. Expected one of: [2017-09-30]"],
    [{ indexName: "other" }, "Unrecognized indexName other"],
  ])("%j is an invalid request for percentiles", async (input, message) => {
    const request = { queryString: "*", aggregationField: "attributes.rack", ...input };
    await expect(iot.send(new GetPercentilesCommand(request))).rejects.toMatchObject({
      name: "InvalidRequestException",
      message: expect.stringContaining(message),
    });
  });

  test.each([
    [{ termsAggregation: { maxBuckets: 0 } }, "value greater than or equal to 1"],
    [{ termsAggregation: { maxBuckets: 10_001 } }, "value less than or equal to 10000"],
    [{}, "must have a termsAggregation"],
  ])("%j is an invalid type of buckets", async (bucketsAggregationType, message) => {
    const request = { queryString: "*", aggregationField: VERSION, bucketsAggregationType };
    await expect(iot.send(new GetBucketsAggregationCommand(request))).rejects.toMatchObject({
      name: "InvalidRequestException",
      message: expect.stringContaining(message),
    });
  });

  test("can only be aggregated by managed and custom fields, once these are set", async () => {
    const battery = "shadow.name.fota.reported.battery";
    await iot.send(
      new UpdateIndexingConfigurationCommand({
        thingIndexingConfiguration: {
          thingIndexingMode: "REGISTRY",
          namedShadowIndexingMode: "ON",
          filter: { namedShadowNames: ["fota"] },
          customFields: [{ name: battery, type: "Number" }],
        },
      }),
    );
    const { statistics } = await iot.send(
      new GetStatisticsCommand({ queryString: "*", aggregationField: battery }),
    );
    expect(statistics).toMatchObject({ count: 3, average: 30 }); // without the one that is text
    expect(await buckets("shadow.name.fota.hasDelta")).toMatchObject({
      buckets: [{ keyValue: "false", count: 5 }],
    });
    for (const field of [
      VERSION,
      "attributes.site",
      "thingTypeName",
      "shadow.hasDelta",
      "connectivity.connected",
    ]) {
      await expect(buckets(field)).rejects.toMatchObject({
        name: "InvalidAggregationException",
        message: expect.stringContaining(`${field} is not an aggregation field`),
        $metadata: { httpStatusCode: 400 },
      });
    }
    await expect(
      iot.send(new GetPercentilesCommand({ queryString: "*", aggregationField: "thingName" })),
    ).rejects.toMatchObject({ name: "InvalidAggregationException" });
    await expect(buckets(battery, 10, "thingName:(")).rejects.toMatchObject({
      name: "InvalidQueryException",
    });
  });
});

describe("thing groups", () => {
  const indexName = "AWS_ThingGroups";
  const search = async (queryString: string, input = {}) =>
    iot.send(new SearchIndexCommand({ indexName, queryString, ...input }));
  const names = async (queryString: string) =>
    (await search(queryString)).thingGroups?.map(({ thingGroupName }) => thingGroupName);

  beforeAll(async () => {
    local = await startLocal();
    iot = iotClientOf(local);
    const group = (thingGroupName: string, parentGroupName?: string, attributes = {}) =>
      iot.send(
        new CreateThingGroupCommand({
          thingGroupName,
          parentGroupName,
          thingGroupProperties: {
            thingGroupDescription: `group ${thingGroupName}`,
            attributePayload: { attributes },
          },
        }),
      );
    await group("world");
    await group("europe", "world", { floors: "3" });
    await group("milan", "europe", { floors: "5", site: "north" });
    await iot.send(
      new UpdateIndexingConfigurationCommand({
        thingGroupIndexingConfiguration: {
          thingGroupIndexingMode: "ON",
          customFields: [{ name: "attributes.floors", type: "Number" }],
        },
      }),
    );
  });
  afterAll(() => local.stop());

  test.each([
    ["*", ["world", "europe", "milan"]],
    ["thingGroupName:*lan", ["milan"]],
    ["parentGroupNames:world", ["europe", "milan"]],
    ["parentGroupNames:world AND NOT parentGroupNames:europe", ["europe"]],
    ["attributes.floors>3", ["milan"]],
    ["description:europe", ["europe"]],
    ["north", ["milan"]],
    ["NOT parentGroupNames:*", ["world"]],
  ])("%s", async (queryString, found) => {
    expect(await names(queryString)).toEqual(found);
  });

  test("are shown with their parents, page by page", async () => {
    const { thingGroups, nextToken } = await search("thingGroupName:*", { maxResults: 2 });
    expect(thingGroups).toEqual([
      { thingGroupName: "world", thingGroupId: expect.any(String), thingGroupDescription: "group world" },
      {
        thingGroupName: "europe",
        thingGroupId: expect.any(String),
        thingGroupDescription: "group europe",
        attributes: { floors: "3" },
        parentGroupNames: ["world"],
      },
    ]);
    const rest = await search("thingGroupName:*", { nextToken });
    expect(rest.thingGroups).toMatchObject([
      { thingGroupName: "milan", parentGroupNames: ["world", "europe"] },
    ]);
    expect(rest.nextToken).toBeUndefined();
  });

  test("are described and configured like things", async () => {
    expect(await iot.send(new DescribeIndexCommand({ indexName }))).toMatchObject({
      indexName,
      indexStatus: "ACTIVE",
      schema: "THING_GROUPS",
    });
    expect((await iot.send(new ListIndicesCommand({}))).indexNames).toEqual(["AWS_Things", indexName]);
    const { thingIndexingConfiguration, thingGroupIndexingConfiguration } = await iot.send(
      new GetIndexingConfigurationCommand({}),
    );
    expect(thingIndexingConfiguration).toMatchObject({ thingIndexingMode: "REGISTRY_AND_SHADOW" });
    expect(thingGroupIndexingConfiguration).toMatchObject({
      thingGroupIndexingMode: "ON",
      managedFields: expect.arrayContaining([{ name: "parentGroupNames", type: "String" }]),
      customFields: [{ name: "attributes.floors", type: "Number" }],
    });
  });

  test("can be aggregated", async () => {
    const { statistics } = await iot.send(
      new GetStatisticsCommand({ indexName, queryString: "*", aggregationField: "attributes.floors" }),
    );
    expect(statistics).toMatchObject({ count: 2, average: 4 });
    expect(
      (await iot.send(new GetStatisticsCommand({ indexName, queryString: "*" }))).statistics,
    ).toMatchObject({
      count: 3,
      sum: 3,
    });
    const request = { indexName, queryString: "*", aggregationField: "attributes.site" };
    await expect(iot.send(new GetCardinalityCommand(request))).rejects.toMatchObject({
      name: "InvalidAggregationException",
    });
  });

  test("have no other fields, and no dynamic groups", async () => {
    for (const queryString of ["thingName:a", "version:1", "shadow.hasDelta:true"]) {
      await expect(names(queryString)).rejects.toMatchObject({ name: "InvalidQueryException" });
    }
    await expect(
      iot.send(new CreateDynamicThingGroupCommand({ thingGroupName: "d", indexName, queryString: "*" })),
    ).rejects.toMatchObject({ name: "InvalidRequestException" });
  });
});
