import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateDynamicThingGroupCommand,
  CreateJobCommand,
  DescribeIndexCommand,
  GetIndexingConfigurationCommand,
  GetThingConnectivityDataCommand,
  IoTClient,
  ListJobExecutionsForThingCommand,
  ListThingsInThingGroupCommand,
  SearchIndexCommand,
  UpdateIndexingConfigurationCommand,
} from "@aws-sdk/client-iot";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEngine } from "../src/engine/engine.js";
import { openFolderIdentity } from "../src/folder/folder-identity.js";
import { type Local, manualClock, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";

const clock = manualClock();
let local: Local;
let iot: IoTClient;

beforeAll(async () => {
  local = await startLocal({ clock });
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  iot = new IoTClient({ endpoint: local.endpoint, region: local.region, credentials });
});
afterAll(async () => {
  iot.destroy();
  await local.stop();
});

async function connectivity(thingName: string) {
  const { $metadata: _metadata, ...data } = await iot.send(
    new GetThingConnectivityDataCommand({ thingName }),
  );
  return data;
}

async function index(mode: "STATUS" | "OFF") {
  const thingIndexingConfiguration = {
    thingIndexingMode: "REGISTRY" as const,
    thingConnectivityIndexingMode: mode,
  };
  await iot.send(new UpdateIndexingConfigurationCommand({ thingIndexingConfiguration }));
}

test.each(["as it starts", "with each change recorded"])(
  "connectivity is indexed %s: never, now, or until when and why not",
  async (which) => {
    const thingName = `pump-1-${which.length}`;
    const { certificatePem: cert, privateKeyPem: key } = await local.provisionThing(thingName);
    if (which !== "as it starts") await index("STATUS");
    const { thingIndexingConfiguration } = await iot.send(new GetIndexingConfigurationCommand({}));
    expect(thingIndexingConfiguration?.thingConnectivityIndexingMode).toBe("STATUS");
    expect(await connectivity(thingName)).toEqual({ thingName, connected: false });

    const came = new Date(clock.nowMs());
    const client = await connectAsync(local.mqtts, { clientId: thingName, cert, key, ca: local.caPem });
    expect(await connectivity(thingName)).toEqual({
      thingName,
      connected: true,
      timestamp: came,
      disconnectReason: "NONE",
    });

    clock.advance(60_000);
    await client.endAsync();
    await expect
      .poll(() => connectivity(thingName))
      .toEqual({
        thingName,
        connected: false,
        timestamp: new Date(came.getTime() + 60_000),
        disconnectReason: "CLIENT_INITIATED_DISCONNECT",
      });
    await expect(connectivity("nobody")).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  },
);

test("connectivity can be turned off, and is then neither returned nor searchable", async () => {
  await local.provisionThing("pump-0");
  await index("OFF");
  await expect(connectivity("pump-0")).rejects.toMatchObject({ name: "IndexNotReadyException" });
  await index("STATUS");
  expect(await connectivity("pump-0")).toEqual({ thingName: "pump-0", connected: false });
  await index("OFF");
});

test("connectivity is searchable, and fills dynamic groups that jobs target", async () => {
  const { certificatePem: cert, privateKeyPem: key } = await local.provisionThing("pump-2");
  await local.provisionThing("pump-3");
  const search = async (queryString: string) =>
    (await iot.send(new SearchIndexCommand({ queryString }))).things;
  const names = async (queryString: string) => (await search(queryString))?.map((thing) => thing.thingName);
  await index("OFF");
  await expect(search("connectivity.connected:true")).rejects.toMatchObject({
    name: "InvalidRequestException",
    message: expect.stringContaining("thingConnectivityIndexingMode"),
  });
  expect((await search("thingName:pump-2"))?.[0]).not.toHaveProperty("connectivity");

  // A client that connected before indexing began is also known.
  const cameMs = clock.nowMs();
  const client = await connectAsync(local.mqtts, { clientId: "pump-2", cert, key, ca: local.caPem });
  await index("STATUS");
  expect(await iot.send(new DescribeIndexCommand({ indexName: "AWS_Things" }))).toMatchObject({
    schema: "REGISTRY_AND_CONNECTIVITY_STATUS",
  });
  expect(await names("connectivity.connected:true")).toEqual(["pump-2"]);
  expect(await names("connectivity.connected:false")).toEqual(expect.arrayContaining(["pump-0", "pump-3"]));
  expect(await search(`connectivity.timestamp:[${cameMs} TO ${cameMs}] AND thingName:pump-2`)).toMatchObject([
    { connectivity: { connected: true, timestamp: cameMs } },
  ]);

  const thingGroupName = "reachable";
  const { thingGroupArn = "" } = await iot.send(
    new CreateDynamicThingGroupCommand({ thingGroupName, queryString: "connectivity.connected:true" }),
  );
  const document = "{}";
  const targetSelection = "CONTINUOUS";
  await iot.send(new CreateJobCommand({ jobId: "j1", targets: [thingGroupArn], document, targetSelection }));
  const members = async () => (await iot.send(new ListThingsInThingGroupCommand({ thingGroupName }))).things;
  const status = async () =>
    (await iot.send(new ListJobExecutionsForThingCommand({ thingName: "pump-2" }))).executionSummaries?.map(
      ({ jobExecutionSummary }) => jobExecutionSummary?.status,
    );
  expect(await members()).toEqual(["pump-2"]);
  await expect.poll(status).toEqual(["QUEUED"]);
  client.stream.destroy();
  await expect.poll(members).toEqual([]);
  expect(await status()).toEqual(["REMOVED"]);
  expect(await search("connectivity.disconnectReason:connection_lost")).toMatchObject([
    {
      thingName: "pump-2",
      connectivity: { connected: false, timestamp: cameMs, disconnectReason: "CONNECTION_LOST" },
    },
  ]);
  await index("OFF");
});

test("a group whose query uses connectivity is filled without an index setting", async () => {
  const own = await startLocal();
  const client = iotClientOf(own);
  try {
    const { certificatePem: cert, privateKeyPem: key } = await own.provisionThing("pump-1");
    const device = await connectAsync(own.mqtts, { clientId: "pump-1", cert, key, ca: own.caPem });
    const group = { thingGroupName: "online", queryString: "connectivity.connected:true" };
    await client.send(new CreateDynamicThingGroupCommand(group));
    const members = async () => (await client.send(new ListThingsInThingGroupCommand(group))).things;
    expect(await members()).toEqual(["pump-1"]);
    await device.endAsync();
    await expect.poll(members).toEqual([]);
  } finally {
    await own.stop();
  }
});

test("only the first connect of a thing is written to disk, and a restart counts as a lost connection", async () => {
  const dir = await mkdtemp(join(tmpdir(), "fota-connectivity-"));
  const sizeBytes = async () => {
    const files = await readdir(join(dir, "world"));
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(dir, "world", file))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  };
  const dataOf = (server: Local, thingName: string) =>
    iotClientOf(server).send(new GetThingConnectivityDataCommand({ thingName }));
  try {
    const first = await startLocal({ dir });
    const { certificatePem: cert, privateKeyPem: key } = await first.provisionThing("pump-1");
    await first.provisionThing("pump-2");
    const connectOnce = async (clientId: string) => {
      const options = { clientId, cert, key, ca: first.caPem, reconnectPeriod: 0 };
      await (await connectAsync(first.mqtts, options)).endAsync();
    };
    await connectOnce("pump-1");
    await expect.poll(() => dataOf(first, "pump-1")).toMatchObject({ connected: false });
    const before = await sizeBytes();
    for (let count = 0; count < 20; count += 1) await connectOnce("pump-1");
    await connectOnce("no-thing");
    expect(await sizeBytes()).toBe(before);
    await first.stop();

    const second = await startLocal({ dir });
    expect(await dataOf(second, "pump-1")).toMatchObject({
      connected: false,
      timestamp: expect.any(Date),
      disconnectReason: "CONNECTION_LOST",
    });
    expect(await dataOf(second, "pump-2")).not.toHaveProperty("timestamp");
    await second.stop();
  } finally {
    await rm(dir, { recursive: true });
  }
});

test("after a restart, clients that were connected count as disconnected, and groups follow", async () => {
  const dir = await mkdtemp(join(tmpdir(), "fota-connectivity-"));
  const thingIndexingConfiguration = {
    thingIndexingMode: "REGISTRY",
    thingConnectivityIndexingMode: "STATUS",
  } as const;
  const thingGroupName = "reachable";
  const membersIn = async (client: IoTClient) =>
    (await client.send(new ListThingsInThingGroupCommand({ thingGroupName }))).things;
  try {
    const first = await startLocal({ dir });
    const before = iotClientOf(first);
    const { certificatePem: cert, privateKeyPem: key } = await first.provisionThing("pump-1");
    await before.send(new UpdateIndexingConfigurationCommand({ thingIndexingConfiguration }));
    const queryString = "connectivity.connected:true";
    await before.send(new CreateDynamicThingGroupCommand({ thingGroupName, queryString }));
    const options = { cert, key, ca: first.caPem, reconnectPeriod: 0 };
    const device = await connectAsync(first.mqtts, { clientId: "pump-1", ...options });
    expect(await membersIn(before)).toEqual(["pump-1"]);
    await first.stop();
    device.end(true);

    const second = await startLocal({ dir });
    const after = iotClientOf(second);
    expect(await membersIn(after)).toEqual([]);
    const data = await after.send(new GetThingConnectivityDataCommand({ thingName: "pump-1" }));
    expect(data).toMatchObject({ connected: false, disconnectReason: "SERVER_INITIATED_DISCONNECT" });
    await second.stop();
  } finally {
    await rm(dir, { recursive: true });
  }
});

test("a client that was connected when the process was killed has lost its connection", async () => {
  const dir = await mkdtemp(join(tmpdir(), "fota-connectivity-"));
  try {
    await (await startLocal({ dir, clock })).stop();
    const owner = await openFolderIdentity(dir);
    const engine = await createEngine({ clock, region: "us-east-1", dir: join(dir, "world"), owner });
    await engine.run("createThing", { thingName: "pump-1", attributes: {} });
    const known = [{ clientId: "pump-1", sinceMs: clock.nowMs() }];
    await engine.run("indexConnectivity", { indexed: true, known });
    await engine.close();
    const after = await startLocal({ dir, clock });
    const client = iotClientOf(after);
    expect(await client.send(new GetThingConnectivityDataCommand({ thingName: "pump-1" }))).toMatchObject({
      connected: false,
      disconnectReason: "CONNECTION_LOST",
    });
    await after.stop();
  } finally {
    await rm(dir, { recursive: true });
  }
});
