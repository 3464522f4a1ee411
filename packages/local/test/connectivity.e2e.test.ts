import {
  GetIndexingConfigurationCommand,
  GetThingConnectivityDataCommand,
  IoTClient,
  UpdateIndexingConfigurationCommand,
} from "@aws-sdk/client-iot";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Local, manualClock, startLocal } from "../src/index.js";

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

test("who is connected is told once connectivity is indexed: never, now, or until when and why not", async () => {
  const { certificatePem: cert, privateKeyPem: key } = await local.provisionThing("pump-1");
  await expect(connectivity("pump-1")).rejects.toMatchObject({ name: "IndexNotReadyException" });
  await index("STATUS");
  const { thingIndexingConfiguration } = await iot.send(new GetIndexingConfigurationCommand({}));
  expect(thingIndexingConfiguration?.thingConnectivityIndexingMode).toBe("STATUS");
  expect(await connectivity("pump-1")).toEqual({ thingName: "pump-1", connected: false });

  const came = new Date(clock.nowMs());
  const client = await connectAsync(local.mqtts, { clientId: "pump-1", cert, key, ca: local.caPem });
  expect(await connectivity("pump-1")).toEqual({
    thingName: "pump-1",
    connected: true,
    timestamp: came,
    disconnectReason: "NONE",
  });

  clock.advance(60_000);
  await client.endAsync();
  await expect
    .poll(() => connectivity("pump-1"))
    .toEqual({
      thingName: "pump-1",
      connected: false,
      timestamp: new Date(came.getTime() + 60_000),
      disconnectReason: "CLIENT_INITIATED_DISCONNECT",
    });
  await expect(connectivity("nobody")).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  await index("OFF");
  await expect(connectivity("pump-1")).rejects.toMatchObject({ name: "IndexNotReadyException" });
});
