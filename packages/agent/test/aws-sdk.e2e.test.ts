import { createHash, createPrivateKey, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateJobCommand, DescribeJobExecutionCommand, IoTClient } from "@aws-sdk/client-iot";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { type Local, type ProvisionedThing, startLocal } from "@fota/local";
import { iot, mqtt5 } from "aws-iot-device-sdk-v2";
import { afterEach, beforeEach, expect, test } from "vitest";
import { awsSdkThing } from "../src/aws-sdk/index.js";
import { simulateBoot } from "../src/boot/simulate-boot.js";
import { FotaAgent, Jobs, type Mqtt } from "../src/index.js";
import { type DeviceIdentity, fileSlots, nodeDevice, readDeviceIdentity } from "../src/node/index.js";
import { ConnectProxy } from "./connect-proxy.js";

const NEW = randomBytes(300_000);

let local: Local;
let iotClient: IoTClient;
let s3: S3Client;
let dir: string;
let provisioned: ProvisionedThing;
const clients: mqtt5.Mqtt5Client[] = [];

beforeEach(async () => {
  local = await startLocal();
  const { endpoint, region } = local;
  const client = { endpoint, region, credentials: { accessKeyId: "test", secretAccessKey: "test" } };
  iotClient = new IoTClient(client);
  s3 = new S3Client({ ...client, forcePathStyle: true });
  provisioned = await local.provisionThing("pump-1");
  dir = await mkdtemp(join(tmpdir(), "fota-aws-sdk-"));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  iotClient.destroy();
  s3.destroy();
  await local.stop();
  await rm(dir, { recursive: true });
});

/** As AWS's examples build it, with short waits between attempts. */
function clientOf(
  port = new URL(local.mqtts).port,
  {
    cert = provisioned.certificatePem,
    key = provisioned.privateKeyPem,
    ca = [local.caPem],
  }: DeviceIdentity = {},
  proxy?: mqtt5.HttpProxyOptions,
): mqtt5.Mqtt5Client {
  const builder = iot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromMemory(
    new URL(local.mqtts).hostname,
    cert,
    key,
  )
    .withPort(Number(port))
    .withCertificateAuthority(ca.join(""))
    .withConnectProperties({ clientId: "pump-1", keepAliveIntervalSeconds: 60 })
    .withMinReconnectDelayMs(50)
    .withMaxReconnectDelayMs(200);
  if (proxy !== undefined) builder.withHttpProxyOptions(proxy);
  const client = new mqtt5.Mqtt5Client(builder.build());
  clients.push(client);
  return client;
}

async function createJob(): Promise<void> {
  const object = { Bucket: "images", Key: "fw-1" };
  await s3.send(new CreateBucketCommand({ Bucket: "images" }));
  await s3.send(new PutObjectCommand({ ...object, Body: NEW }));
  const document = {
    operation: "fota",
    bc_idx: 1,
    bc_crc: createHash("md5").update(NEW).digest("hex"),
    bc_size: NEW.length,
    bc_url: await getSignedUrl(s3, new GetObjectCommand(object)),
  };
  const targets = [`arn:aws:iot:${local.region}:000000000000:thing/pump-1`];
  await iotClient.send(new CreateJobCommand({ jobId: "fw-1", targets, document: JSON.stringify(document) }));
}

async function status(): Promise<string | undefined> {
  const command = new DescribeJobExecutionCommand({ jobId: "fw-1", thingName: "pump-1" });
  return (await iotClient.send(command)).execution?.status;
}

/** Runs the firmware from a boot to its next reset, or until nothing is left to do. */
async function boot(thing: Mqtt): Promise<"reset" | "idle"> {
  const { slot: runningSlot } = await simulateBoot(dir);
  const log = () => {};
  let restarted: () => void = () => {};
  const reset = new Promise<"reset">((resolve) => {
    restarted = () => resolve("reset");
  });
  const restart = async () => restarted();
  const slots = fileSlots({ dir, runningSlot, slotSizeBytes: 1_000_000, restart });
  const agent = new FotaAgent(nodeDevice({ dir, slots, log }), new Jobs(thing), { allowLoopbackHttp: true });
  const idle = new Promise<"idle">((resolve) => void agent.on("idle", () => resolve("idle")));
  agent.start();
  const end = await Promise.race([reset, idle]);
  await agent.stop();
  return end;
}

test("one update over AWS's device SDK, MQTT 5 and mutual TLS, from QUEUED to SUCCEEDED", async () => {
  await createJob();
  const thing = await awsSdkThing(clientOf(), { thingName: "pump-1" });
  expect(await boot(thing)).toBe("reset");
  expect(await status()).toBe("IN_PROGRESS");
  await thing.connect(); // the reset closed it
  expect(await boot(thing)).toBe("idle");
  expect(await status()).toBe("SUCCEEDED");
  await thing.disconnect();
});

test("a lost connection comes back with its subscriptions, and tells so", async () => {
  const thing = await awsSdkThing(clientOf(), { thingName: "pump-1" });
  const payloads: string[] = [];
  let back: () => void = () => {};
  const reconnected = new Promise<void>((resolve) => {
    back = resolve;
  });
  await thing.subscribe("pumps/1", (payload) => void payloads.push(payload), back);
  expect(local.disconnectClient("pump-1")).toBe(true);
  await reconnected;
  await thing.publish("pumps/1", '{"text":"größer"}');
  await expect.poll(() => payloads).toEqual(['{"text":"größer"}']);
  await thing.disconnect();
});

test("B-25: disconnect really closes; publish is MQTT_CLOSED until connect brings it back", async () => {
  const thing = await awsSdkThing(clientOf(), { thingName: "pump-1" });
  const payloads: string[] = [];
  await thing.subscribe("pumps/1", (payload) => void payloads.push(payload));
  await thing.disconnect();
  await expect.poll(() => local.disconnectClient("pump-1")).toBe(false);
  await expect(thing.publish("pumps/1", "1")).rejects.toMatchObject({ code: "MQTT_CLOSED" });
  await thing.connect();
  await thing.publish("pumps/1", "2");
  await expect.poll(() => payloads).toEqual(["2"]);
  await thing.unsubscribe("pumps/1");
  await thing.disconnect();
});

test("without a broker, connecting fails with MQTT_UNREACHABLE and the SDK's message after a bounded time", async () => {
  const connecting = awsSdkThing(clientOf("1"), { thingName: "pump-1", connectTimeoutMs: 500 });
  await expect(connecting).rejects.toMatchObject({
    code: "MQTT_UNREACHABLE",
    message: expect.stringMatching(/refused|socket/i),
  });
});

test("through a proxy with a login, with the options of AWS's SDK that the guide names", async () => {
  const { host, port } = new URL(local.mqtts);
  const proxy = await new ConnectProxy({ [host]: Number(port) }).listen();
  proxy.login = "gateway:pass/word";
  // The numbers of HttpProxyAuthenticationType.Basic and HttpProxyConnectionType.Tunneling, of aws-crt.
  const way = new mqtt5.HttpProxyOptions("127.0.0.1", proxy.port, 1, "gateway", "pass/word", undefined, 2);
  const thing = await awsSdkThing(clientOf(port, {}, way), { thingName: "pump-1" });
  await thing.publish("pumps/1", "1");
  expect(proxy.asked).toEqual([`CONNECT ${host}`]);
  await thing.disconnect();
  await proxy.stop();
});

test("an encrypted key serves AWS's SDK by way of readDeviceIdentity", async () => {
  const key = createPrivateKey(provisioned.privateKeyPem).export({
    format: "der",
    type: "pkcs8",
    cipher: "aes-256-cbc",
    passphrase: "open sesame",
  });
  const identity = await readDeviceIdentity({
    cert: provisioned.certificatePem,
    key,
    passphrase: "open sesame",
  });
  const thing = await awsSdkThing(clientOf(undefined, identity), { thingName: "pump-1" });
  await thing.disconnect();
});

test("a handshake that fails: MQTT_UNREACHABLE, and what checks certificate, key and roots", async () => {
  const stranger = await readFile(join(import.meta.dirname, "fixtures/tls/stranger.pem"), "utf8");
  const client = clientOf(undefined, { ca: [stranger] });
  await expect(awsSdkThing(client, { thingName: "pump-1", connectTimeoutMs: 2_000 })).rejects.toMatchObject({
    code: "MQTT_UNREACHABLE",
    hint: expect.stringMatching(/readDeviceIdentity of @fota\/agent\/node/),
  });
});
