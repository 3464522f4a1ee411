/** The examples of AWS's CLI reference and developer guide for fleet indexing, with the real `aws` command. */
import {
  CreateThingCommand,
  type CreateThingCommandInput,
  CreateThingGroupCommand,
  CreateThingTypeCommand,
  type IoTClient,
} from "@aws-sdk/client-iot";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Local, startLocal } from "../src/index.js";
import { type AwsCommandAtHome, hasAwsCommand, startAwsCommandAtHome } from "./support/aws-command.js";
import { iotClientOf } from "./support/iot-client.js";

describe.skipIf(!hasAwsCommand)("the aws command", () => {
  let local: Local;
  let command: AwsCommandAtHome;
  let client: IoTClient;

  beforeAll(async () => {
    [local, command] = await Promise.all([startLocal(), startAwsCommandAtHome()]);
    client = iotClientOf(local);
  });

  afterAll(async () => {
    await command.stop();
    await local.stop();
  });

  /** Resolves to the JSON that `aws iot` prints; `undefined` if it prints nothing. */
  const iot = async (...words: string[]) => {
    const stdout = await command.run("--endpoint-url", local.endpoint, "--output", "json", "iot", ...words);
    return stdout === "" ? undefined : JSON.parse(stdout);
  };

  const create = (thing: CreateThingCommandInput) => client.send(new CreateThingCommand(thing));

  test("aggregates ten sensors as in the CLI reference", async () => {
    const temperatures = [70, 71, 72, 73, 74, 75, 47, 97, 98, 99];
    const racks = [1, 1, 2, 2, 3, 4, 5, 6, 6, 6];
    for (const [index, temperature] of temperatures.entries()) {
      const attributes = {
        temperature: `${temperature}`,
        rackId: `Rack${racks[index]}`,
        stateNormal: `${index < 6}`,
      };
      await create({ thingName: `TempSensor${index}`, attributePayload: { attributes } });
    }
    const sensors = ["--query-string", "thingName:TempSensor*"];
    const temperature = ["--aggregation-field", "attributes.temperature"];
    const percents = ["--percents", "10", "25", "50", "75", "90"];
    expect(await iot("get-percentiles", ...temperature, ...sensors, ...percents)).toEqual({
      percentiles: [
        { percent: 10, value: expect.closeTo(67.7) },
        { percent: 25, value: 71.25 },
        { percent: 50, value: 73.5 },
        { percent: 75, value: 91.5 },
        { percent: 90, value: expect.closeTo(98.1) },
      ],
    });
    const abnormal = ["--query-string", "thingName:TempSensor* AND attributes.stateNormal:false"];
    const rack = ["--aggregation-field", "attributes.rackId"];
    expect(await iot("get-cardinality", ...rack, ...abnormal)).toEqual({ cardinality: 2 });
    const disconnected = ["--index-name", "AWS_Things", "--query-string", "connectivity.connected:false"];
    expect((await iot("get-statistics", ...disconnected)).statistics.count).toBe(10);
    expect((await iot("get-statistics", ...sensors, ...temperature)).statistics).toMatchObject({
      count: 10,
      sum: 776,
      minimum: 47,
      maximum: 99,
      average: 77.6,
    });
    const buckets = ["--buckets-aggregation-type", "termsAggregation={maxBuckets=2}"];
    expect(await iot("get-buckets-aggregation", ...sensors, ...rack, ...buckets)).toEqual({
      totalCount: 10,
      buckets: [
        { keyValue: "Rack6", count: 3 },
        { keyValue: "Rack1", count: 2 },
      ],
    });
  });

  test("searches, and configures the index as in the developer guide", async () => {
    const thingTypeName = "LightBulb";
    await client.send(new CreateThingTypeCommand({ thingTypeName }));
    const attributePayload = { attributes: { model: "123", wattage: "75" } };
    await create({ thingName: "MyLightBulb", thingTypeName, attributePayload });
    await client.send(new CreateThingGroupCommand({ thingGroupName: "mythinggroup" }));
    const ofType = ["--index-name", "AWS_Things", "--query-string", "thingTypeName:LightBulb"];
    expect(await iot("search-index", ...ofType)).toEqual({
      things: [
        {
          thingName: "MyLightBulb",
          thingId: expect.any(String),
          thingTypeName: "LightBulb",
          attributes: { model: "123", wattage: "75" },
          connectivity: { connected: false },
        },
      ],
    });

    const update = "update-indexing-configuration";
    const all = "thingIndexingMode=REGISTRY_AND_SHADOW,thingConnectivityIndexingMode=STATUS";
    expect(await iot(update, "--thing-indexing-configuration", all)).toBeUndefined();
    expect(await iot("describe-index", "--index-name", "AWS_Things")).toEqual({
      indexName: "AWS_Things",
      indexStatus: "ACTIVE",
      schema: "REGISTRY_AND_SHADOW_AND_CONNECTIVITY_STATUS",
    });

    const named = "namedShadowIndexingMode=ON,filter={namedShadowNames=[thing1shadow]}";
    const fields = [
      "{name=attributes.version,type=Number}",
      "{name=shadow.name.thing1shadow.desired.DefaultDesired,type=String}",
      "{name=shadow.desired.power,type=Boolean}",
    ];
    const configuration = `${all},${named},customFields=[${fields.join(",")}]`;
    const groups = ["--thing-group-indexing-configuration", "thingGroupIndexingMode=ON"];
    await iot(update, "--thing-indexing-configuration", configuration, ...groups);
    expect(await iot("get-indexing-configuration")).toEqual({
      thingIndexingConfiguration: {
        thingIndexingMode: "REGISTRY_AND_SHADOW",
        thingConnectivityIndexingMode: "STATUS",
        deviceDefenderIndexingMode: "OFF",
        namedShadowIndexingMode: "ON",
        managedFields: expect.arrayContaining([{ name: "shadow.name.*.hasDelta", type: "Boolean" }]),
        customFields: [
          { name: "attributes.version", type: "Number" },
          { name: "shadow.name.thing1shadow.desired.DefaultDesired", type: "String" },
          { name: "shadow.desired.power", type: "Boolean" },
        ],
        filter: { namedShadowNames: ["thing1shadow"] },
      },
      thingGroupIndexingConfiguration: {
        thingGroupIndexingMode: "ON",
        managedFields: expect.arrayContaining([{ name: "parentGroupNames", type: "String" }]),
      },
    });
    expect(await iot("list-indices")).toEqual({ indexNames: ["AWS_Things", "AWS_ThingGroups"] });
    const ofGroups = ["--index-name", "AWS_ThingGroups", "--query-string", "thingGroupName:mythinggroup*"];
    expect(await iot("search-index", ...ofGroups)).toEqual({
      thingGroups: [{ thingGroupName: "mythinggroup", thingGroupId: expect.any(String) }],
    });
    const model = ["--query-string", "*", "--aggregation-field", "attributes.model"];
    await expect(iot("get-cardinality", ...model)).rejects.toThrow(/InvalidAggregationException/);
    await iot(update, "--thing-indexing-configuration", "thingIndexingMode=OFF");
    await expect(iot("search-index", ...ofType)).rejects.toThrow(
      /ResourceNotFoundException.*Index AWS_Things does not exist/,
    );
  });
});
