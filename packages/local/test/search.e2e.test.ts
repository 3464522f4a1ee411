/** Searching things by their shadows, with the official client. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateDynamicThingGroupCommand,
  CreateJobCommand,
  CreateThingCommand,
  DeleteDynamicThingGroupCommand,
  DescribeIndexCommand,
  GetIndexingConfigurationCommand,
  type IoTClient,
  ListIndicesCommand,
  ListJobExecutionsForThingCommand,
  ListThingsInThingGroupCommand,
  SearchIndexCommand,
  type ThingIndexingConfiguration,
  UpdateIndexingConfigurationCommand,
} from "@aws-sdk/client-iot";
import { connectAsync } from "mqtt";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createEngine } from "../src/engine/engine.js";
import { openFolderIdentity } from "../src/folder/folder-identity.js";
import { type Local, manualClock, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";
import { updateShadow } from "./support/shadow-http.js";

const clock = manualClock();
const seconds = () => Math.floor(clock.nowMs() / 1000);
let local: Local;
let iot: IoTClient;

async function start(): Promise<void> {
  local = await startLocal({ clock, things: ["pump-1", "pump-2", "pump-3"] });
  iot = iotClientOf(local);
}

const fota = (thingName: string) => ({ thingName, shadowName: "fota" });

async function search(queryString: string) {
  return (await iot.send(new SearchIndexCommand({ queryString }))).things ?? [];
}

async function names(queryString: string) {
  return (await search(queryString)).map(({ thingName }) => thingName);
}

function index(thingIndexingConfiguration: ThingIndexingConfiguration) {
  return iot.send(new UpdateIndexingConfigurationCommand({ thingIndexingConfiguration }));
}

describe("shadows", () => {
  beforeEach(start);
  afterEach(() => local.stop());

  test("that agents report are searchable without any setting", async () => {
    await updateShadow(local, fota("pump-1"), { reported: { version: "1.9.0", slot: 1 } });
    await updateShadow(local, fota("pump-2"), { reported: { version: "2.0.0", slot: 0, model: "x1" } });
    expect(await names('shadow.name.fota.reported.version:"2.0.0"')).toEqual(["pump-2"]);
    expect(await names("shadow.name.fota.reported.version:1.*")).toEqual(["pump-1"]);
    expect(await names("shadow.name.fota.reported.slot>=1")).toEqual(["pump-1"]);
    expect(await names("shadow.name.fota.reported.model:*")).toEqual(["pump-2"]);
    expect(await names("NOT shadow.name.fota.reported:*")).toEqual(["pump-3"]);
    expect(await names("x1")).toEqual(["pump-2"]);
    const { thingIndexingConfiguration } = await iot.send(new GetIndexingConfigurationCommand({}));
    expect(thingIndexingConfiguration).toMatchObject({
      thingIndexingMode: "REGISTRY_AND_SHADOW",
      namedShadowIndexingMode: "ON",
      filter: { namedShadowNames: ["fota", "$package"] },
    });
  });

  test("come with the results as JSON text, classic and named", async () => {
    await updateShadow(local, { thingName: "pump-1" }, { desired: { on: true }, reported: { on: false } });
    await updateShadow(local, fota("pump-1"), { reported: { version: "1.9.0" } });
    await updateShadow(local, { thingName: "pump-1", shadowName: "other" }, { reported: { a: 1 } });
    const [pump, ...others] = await search("thingName:pump-*");
    const on = { on: { timestamp: seconds() } };
    expect(JSON.parse(pump?.shadow ?? "")).toEqual({
      desired: { on: true },
      reported: { on: false },
      delta: { on: true },
      metadata: { desired: on, reported: on },
      hasDelta: true,
      version: 1,
      name: {
        fota: {
          reported: { version: "1.9.0" },
          metadata: { reported: { version: { timestamp: seconds() } } },
          hasDelta: false,
          version: 1,
        },
      },
    });
    for (const other of others) expect(other).not.toHaveProperty("shadow");
  });

  test("of things that are not in the registry are not indexed", async () => {
    await updateShadow(local, fota("pump-9"), { reported: { version: "1" } });
    expect(await names("shadow.name.fota.reported.version:1")).toEqual([]);
    await iot.send(new CreateThingCommand({ thingName: "pump-9" }));
    expect(await names("shadow.name.fota.reported.version:1")).toEqual(["pump-9"]);
  });

  test("are no longer found after they were deleted or cleared", async () => {
    await updateShadow(local, fota("pump-1"), { reported: { version: "1" } });
    await updateShadow(local, fota("pump-1"), { reported: { version: null } });
    expect(await names("shadow.name.fota.reported.version:*")).toEqual([]);
    expect(await names("shadow.name.fota.hasDelta:false")).toEqual(["pump-1"]);
  });
});

describe("a query over shadows", () => {
  beforeAll(async () => {
    await start();
    await updateShadow(
      local,
      { thingName: "pump-1" },
      {
        desired: { location: "Rome", one: { two: { three: "v2" } } },
        reported: { location: "New York", stats: { battery: 78 }, myvalues: [1, 2, 3], palette: [{ a: 1 }] },
      },
    );
    const desired = { stats: { battery: 50 }, "one.two.three": "v2" };
    const reported = { ...desired, switched: true, "a:b": 1, myvalues: [7] };
    await updateShadow(local, { thingName: "pump-2" }, { desired, reported });
    await updateShadow(local, fota("pump-3"), { desired: { version: "2.0.0" } });
  });
  afterAll(() => local.stop());

  test.each([
    ["shadow.hasDelta:true", ["pump-1"]],
    ["shadow.hasDelta:false", ["pump-2"]],
    ["shadow.hasDelta:*", ["pump-1", "pump-2"]],
    ["shadow.delta.location:rome", ["pump-1"]],
    ["shadow.reported.stats.battery:{70 TO 100}", ["pump-1"]],
    ["shadow.reported.stats.battery:{78 TO 100}", []],
    ["shadow.reported.stats.battery<50.5", ["pump-2"]],
    ["shadow.reported.myvalues:2", ["pump-1"]],
    ["shadow.reported.myvalues:(2 OR 7)", ["pump-1", "pump-2"]],
    ["shadow.reported.location:* NOT shadow.desired.stats.battery:*", ["pump-1"]],
    ['shadow.reported.location:"New York"', ["pump-1"]],
    ["shadow.desired:*", ["pump-1", "pump-2"]],
    ["shadow.desired.stats:*", ["pump-2"]],
    ["shadow.desired.stats:1", []],
    ["shadow.desired.one.two.three:v2", ["pump-1", "pump-2"]],
    ["shadow.reported.switched:TRUE", ["pump-2"]],
    ["shadow.reported.palette:*", []],
    ["shadow.metadata.reported.location.timestamp>0", ["pump-1"]],
    ["shadow.metadata.reported.stats.battery.timestamp>99999999999", []],
    ["shadow.reported.a\\:b:1", ["pump-2"]],
    ["shadow.reported.toString:*", []],
    ["shadow.name.fota.hasDelta:true", ["pump-3"]],
    ["shadow.name.fota.desired.version:2.*", ["pump-3"]],
    ["rome", ["pump-1"]],
    ["shadow.reported.stats.battery:{70 TO 100} (v2 OR v3) NOT attributes.model:legacy", ["pump-1"]],
  ])("%s", async (queryString, found) => {
    expect(await names(queryString)).toEqual(found);
  });
});

describe("UpdateIndexingConfiguration", () => {
  beforeAll(start);
  afterAll(() => local.stop());

  const named = { namedShadowIndexingMode: "ON" as const, filter: { namedShadowNames: ["config"] } };

  test("selects what is searchable, and what results have", async () => {
    await updateShadow(local, { thingName: "pump-1" }, { reported: { a: 1 } });
    await updateShadow(local, { thingName: "pump-1", shadowName: "config" }, { reported: { b: 2 } });
    await index({ thingIndexingMode: "REGISTRY", ...named });
    expect(await names("shadow.name.config.reported.b:2")).toEqual(["pump-1"]);
    const notIndexed = {
      name: "InvalidRequestException",
      message: expect.stringContaining("Shadow indexing is not"),
    };
    await expect(names("shadow.reported.a:1")).rejects.toMatchObject(notIndexed);
    await expect(names("shadow.name.fota.reported.a:1")).rejects.toMatchObject({
      name: "InvalidQueryException",
      message: expect.stringContaining("invalid field name, field name: shadow.name.fota.reported.a"),
    });
    await expect(names("connectivity.connected:true")).rejects.toMatchObject({
      name: "InvalidRequestException",
    });
    const [pump] = await search("thingName:pump-1");
    expect(JSON.parse(pump?.shadow ?? "")).toEqual({ name: { config: expect.anything() } });
    expect(pump).not.toHaveProperty("connectivity");

    await index({ thingIndexingMode: "REGISTRY_AND_SHADOW" });
    expect(await names("shadow.reported.a:1")).toEqual(["pump-1"]);
    await expect(names("shadow.name.config.reported.b:2")).rejects.toMatchObject(notIndexed);

    await index({ thingIndexingMode: "REGISTRY" });
    await expect(names("shadow.hasDelta:true")).rejects.toMatchObject(notIndexed);
    expect((await search("thingName:pump-1"))[0]).not.toHaveProperty("shadow");
    await expect(names("deviceDefender.violationCount>1")).rejects.toMatchObject({
      name: "InvalidRequestException",
      message: expect.stringContaining("Devicedefender indexing is not enabled"),
    });
  });

  test("is answered by GetIndexingConfiguration, with the fields that come by themselves", async () => {
    const customFields = [
      { name: "attributes.version", type: "Number" },
      { name: "shadow.name.config.desired.color", type: "String" },
      { name: "shadow.desired.power", type: "Boolean" },
    ] as const;
    const geoLocations = [{ name: "shadow.name.config.reported.location", order: "LonLat" }] as const;
    await index({
      thingIndexingMode: "REGISTRY_AND_SHADOW",
      thingConnectivityIndexingMode: "STATUS",
      deviceDefenderIndexingMode: "OFF",
      ...named,
      customFields: [...customFields],
      filter: { ...named.filter, geoLocations: [...geoLocations] },
    } as never);
    const { thingIndexingConfiguration, thingGroupIndexingConfiguration } = await iot.send(
      new GetIndexingConfigurationCommand({}),
    );
    expect(thingIndexingConfiguration).toEqual({
      thingIndexingMode: "REGISTRY_AND_SHADOW",
      thingConnectivityIndexingMode: "STATUS",
      deviceDefenderIndexingMode: "OFF",
      namedShadowIndexingMode: "ON",
      managedFields: expect.arrayContaining([
        { name: "registry.version", type: "Number" },
        { name: "shadow.hasDelta", type: "Boolean" },
        { name: "shadow.name.*.version", type: "Number" },
        { name: "connectivity.disconnectReason", type: "String" },
      ]),
      customFields,
      filter: { namedShadowNames: ["config"], geoLocations },
    });
    expect(thingGroupIndexingConfiguration).toEqual({ thingGroupIndexingMode: "OFF" });
  });

  test.each([
    [{ thingIndexingMode: "REGISTRY" }, "REGISTRY"],
    [{ thingIndexingMode: "REGISTRY_AND_SHADOW" }, "REGISTRY_AND_SHADOW"],
    [
      { thingIndexingMode: "REGISTRY", thingConnectivityIndexingMode: "STATUS" },
      "REGISTRY_AND_CONNECTIVITY_STATUS",
    ],
    [
      { thingIndexingMode: "REGISTRY_AND_SHADOW", thingConnectivityIndexingMode: "STATUS" },
      "REGISTRY_AND_SHADOW_AND_CONNECTIVITY_STATUS",
    ],
    [{ thingIndexingMode: "REGISTRY", ...named }, "MULTI_INDEXING_MODE"],
  ] as const)("of %j makes the schema %s", async (configuration, schema) => {
    await index(configuration as unknown as ThingIndexingConfiguration);
    expect(await iot.send(new DescribeIndexCommand({ indexName: "AWS_Things" }))).toMatchObject({
      indexName: "AWS_Things",
      indexStatus: "ACTIVE",
      schema,
    });
  });

  test("OFF removes the index", async () => {
    await index({ thingIndexingMode: "OFF", filter: { namedShadowNames: ["config"] } });
    const notFound = { name: "ResourceNotFoundException" };
    await expect(search("*")).rejects.toMatchObject(notFound);
    await expect(iot.send(new DescribeIndexCommand({ indexName: "AWS_Things" }))).rejects.toMatchObject(
      notFound,
    );
    const group = { thingGroupName: "d", queryString: "*" };
    await expect(iot.send(new CreateDynamicThingGroupCommand(group))).rejects.toMatchObject(notFound);
    expect((await iot.send(new ListIndicesCommand({}))).indexNames).toEqual([]);
    expect((await iot.send(new GetIndexingConfigurationCommand({}))).thingIndexingConfiguration).toEqual({
      thingIndexingMode: "OFF",
      thingConnectivityIndexingMode: "OFF",
      deviceDefenderIndexingMode: "OFF",
      namedShadowIndexingMode: "OFF",
    });
  });

  test.each([
    [{}, "Value null at 'thingIndexingMode'"],
    [{ thingIndexingMode: "ON" }, "enum value set: [OFF, REGISTRY, REGISTRY_AND_SHADOW]"],
    [
      { thingIndexingMode: "REGISTRY", namedShadowIndexingMode: "ON" },
      "NamedShadowNames Filter must not be empty",
    ],
    [{ thingIndexingMode: "OFF", ...named }, "must be turned ON for enabling NamedShadowIndexingMode"],
    [
      { thingIndexingMode: "OFF", thingConnectivityIndexingMode: "STATUS" },
      "must be turned ON for enabling ThingConnectivityIndexingMode",
    ],
    [
      { thingIndexingMode: "REGISTRY", deviceDefenderIndexingMode: "VIOLATIONS" },
      "does not support deviceDefender",
    ],
    [
      { thingIndexingMode: "REGISTRY", filter: { connectivity: {} } },
      "does not support connectivity of filter",
    ],
    [
      { thingIndexingMode: "REGISTRY", filter: { namedShadowNames: Array.from("abcdefghijk") } },
      "has 11 names, at most 10 are allowed",
    ],
    [{ thingIndexingMode: "REGISTRY", filter: { namedShadowNames: ["a b"] } }, "regular expression pattern"],
    [
      { thingIndexingMode: "REGISTRY", customFields: [{ name: "thingName", type: "String" }] },
      "is a reserved field for MULTI_INDEXING_MODE. Field: thingName",
    ],
    [
      { thingIndexingMode: "REGISTRY", customFields: [{ name: "shadow.reported.a", type: "String" }] },
      "shadow.reported.a is not indexed by these settings",
    ],
    [
      {
        thingIndexingMode: "REGISTRY",
        ...named,
        customFields: [{ name: "shadow.name.other.reported.a", type: "String" }],
      },
      "shadow.name.other.reported.a is not indexed",
    ],
    [
      { thingIndexingMode: "REGISTRY", customFields: [{ name: "model", type: "String" }] },
      "not a valid custom field",
    ],
    [{ thingIndexingMode: "REGISTRY", customFields: [{ name: "attributes.a" }] }, "Invalid field type: null"],
    [
      { thingIndexingMode: "REGISTRY", customFields: [{ name: "attributes.a", type: "Int" }] },
      "enum value set",
    ],
    [{ thingIndexingMode: "REGISTRY", customFields: [{ type: "String" }] }, "name cannot be null"],
    [
      {
        thingIndexingMode: "REGISTRY",
        customFields: [
          { name: "attributes.a", type: "String" },
          { name: "attributes.a", type: "Number" },
        ],
      },
      "customFields has attributes.a twice",
    ],
    [
      {
        thingIndexingMode: "REGISTRY",
        customFields: Array.from("abcdef", (name) => ({ name: `attributes.${name}`, type: "String" })),
      },
      "has 6 fields, at most 5 are allowed",
    ],
    [
      { thingIndexingMode: "REGISTRY", managedFields: [{ name: "thingName", type: "Number" }] },
      "Only managed fields with expected types are allowed in thingIndexingConfiguration.managedFields. Invalid field(s): [name:thingName, type:Number]",
    ],
  ])("%j is refused, and changes nothing: %s", async (configuration, message) => {
    await index({ thingIndexingMode: "REGISTRY" });
    await expect(index(configuration as ThingIndexingConfiguration)).rejects.toMatchObject({
      name: "InvalidRequestException",
      message: expect.stringContaining(message),
    });
    const { thingIndexingConfiguration } = await iot.send(new GetIndexingConfigurationCommand({}));
    expect(thingIndexingConfiguration?.thingIndexingMode).toBe("REGISTRY");
    await expect(iot.send(new UpdateIndexingConfigurationCommand({}))).rejects.toMatchObject({
      message: expect.stringContaining("At least one configuration"),
    });
  });

  test("geoqueries are refused by name", async () => {
    await expect(names("shadow.reported.location:geo_distance,47.6,-122.3,10km")).rejects.toMatchObject({
      message: expect.stringContaining("does not support geoqueries"),
    });
  });
});

describe("a dynamic group over a shadow field", () => {
  beforeEach(start);
  afterEach(() => local.stop());

  const thingGroupName = "below-2";
  const queryString = "shadow.name.fota.reported.version:1.*";
  const members = async () => (await iot.send(new ListThingsInThingGroupCommand({ thingGroupName }))).things;

  test("follows shadow updates over MQTT, and its continuous job reaches the things that join", async () => {
    await updateShadow(local, fota("pump-2"), { reported: { version: "1.0" } });
    const { thingGroupArn = "" } = await iot.send(
      new CreateDynamicThingGroupCommand({ thingGroupName, queryString }),
    );
    expect(await members()).toEqual(["pump-2"]);
    const job = { jobId: "j1", targets: [thingGroupArn], document: "{}" };
    await iot.send(new CreateJobCommand({ ...job, targetSelection: "CONTINUOUS" }));

    const device = await connectAsync(local.mqtt, { clientId: "pump-1" });
    const report = async (version: string) => {
      const payload = JSON.stringify({ state: { reported: { version } } });
      await device.publishAsync("$aws/things/pump-1/shadow/name/fota/update", payload, { qos: 1 });
    };
    const statuses = async () =>
      (await iot.send(new ListJobExecutionsForThingCommand({ thingName: "pump-1" }))).executionSummaries?.map(
        ({ jobExecutionSummary }) => jobExecutionSummary?.status,
      );
    expect(await statuses()).toEqual([]);
    await report("1.1");
    await expect.poll(members).toEqual(["pump-1", "pump-2"]);
    await expect.poll(statuses).toEqual(["QUEUED"]);
    await report("2.0");
    await expect.poll(members).toEqual(["pump-2"]);
    expect(await statuses()).toEqual(["REMOVED"]);
    await device.endAsync();
  });

  test("keeps the index from being turned off", async () => {
    await iot.send(new CreateDynamicThingGroupCommand({ thingGroupName, queryString }));
    await expect(index({ thingIndexingMode: "OFF" })).rejects.toMatchObject({
      name: "InvalidRequestException",
      message: expect.stringContaining("delete the dynamic thing groups first: below-2"),
    });
    expect(await names("*")).toHaveLength(3);
    await iot.send(new DeleteDynamicThingGroupCommand({ thingGroupName }));
    await index({ thingIndexingMode: "OFF" });
  });

  test("keeps its members while the shadow is not indexed", async () => {
    await updateShadow(local, fota("pump-1"), { reported: { version: "1.0" } });
    await iot.send(new CreateDynamicThingGroupCommand({ thingGroupName, queryString }));
    await index({ thingIndexingMode: "REGISTRY" });
    await updateShadow(local, fota("pump-2"), { reported: { version: "1.0" } });
    await updateShadow(local, fota("pump-1"), { reported: { version: "2.0" } });
    expect(await members()).toEqual(["pump-1"]);
    const filter = { namedShadowNames: ["fota"] };
    await index({ thingIndexingMode: "REGISTRY", namedShadowIndexingMode: "ON", filter });
    expect(await members()).toEqual(["pump-2"]);
  });
});

describe("with a folder", () => {
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "fota-search-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  async function withStandIn<T>(use: () => Promise<T>): Promise<T> {
    local = await startLocal({ dir, clock });
    iot = iotClientOf(local);
    try {
      return await use();
    } finally {
      await local.stop();
    }
  }

  test("the settings, the groups and what is found survive a restart", async () => {
    const thingGroupName = "below-2";
    const queryString = "shadow.name.fota.reported.version:1.*";
    const see = async () => ({
      configuration: (await iot.send(new GetIndexingConfigurationCommand({}))).thingIndexingConfiguration,
      members: (await iot.send(new ListThingsInThingGroupCommand({ thingGroupName }))).things,
      found: await search(queryString),
    });
    const before = await withStandIn(async () => {
      for (const thingName of ["pump-1", "pump-2"]) await iot.send(new CreateThingCommand({ thingName }));
      const customFields = [{ name: "shadow.name.fota.reported.version", type: "String" as const }];
      const filter = { namedShadowNames: ["fota"] };
      await index({ thingIndexingMode: "REGISTRY", namedShadowIndexingMode: "ON", filter, customFields });
      await updateShadow(local, fota("pump-1"), { reported: { version: "1.0" } });
      await iot.send(new CreateDynamicThingGroupCommand({ thingGroupName, queryString }));
      return see();
    });
    expect(before).toMatchObject({ members: ["pump-1"], found: [{ thingName: "pump-1" }] });
    await withStandIn(async () => {
      expect(await see()).toEqual(before);
      await updateShadow(local, fota("pump-2"), { reported: { version: "1.0" } });
      expect(await see()).toMatchObject({ members: ["pump-1", "pump-2"] });
    });
  });

  test("settings of an older release stay: connectivity off, everything else as it is by default", async () => {
    await withStandIn(async () => undefined);
    const owner = await openFolderIdentity(dir);
    const engine = await createEngine({ clock, region: "us-east-1", dir: join(dir, "world"), owner });
    await engine.run("createThing", { thingName: "pump-1", attributes: {} });
    await engine.run("indexConnectivity", { indexed: false });
    await engine.close();
    await withStandIn(async () => {
      const { thingIndexingConfiguration } = await iot.send(new GetIndexingConfigurationCommand({}));
      expect(thingIndexingConfiguration).toMatchObject({
        thingIndexingMode: "REGISTRY_AND_SHADOW",
        thingConnectivityIndexingMode: "OFF",
      });
      expect(await names("*")).toEqual(["pump-1"]);
      await expect(names("connectivity.connected:true")).rejects.toMatchObject({
        name: "InvalidRequestException",
      });
    });
  });
});
