import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AttachPolicyCommand, CreatePolicyCommand, IoTClient } from "@aws-sdk/client-iot";
import { type Local, type ProvisionedThing, startLocal } from "@fota/local";
import { iot as awsIot, mqtt5 } from "aws-iot-device-sdk-v2";
import { afterEach, beforeEach, expect, test } from "vitest";
import { awsSdkThing } from "../src/aws-sdk/index.js";
import { Fota, FotaAgent, Jobs, type Mqtt } from "../src/index.js";
import { connectThing, fileSlots, nodeDevice } from "../src/node/index.js";
import { docBlock } from "./doc-block.js";

const THING = "pump-1";
const SHADOW_TOPIC = /"arn:[^"]*\/shadow\/[^"]*"/;

let dir: string;
let local: Local;
let iot: IoTClient;
let identity: ProvisionedThing;
const closing: (() => Promise<void> | void)[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-inventory-"));
  local = await startLocal({ strict: true });
  const { endpoint, region } = local;
  iot = new IoTClient({ endpoint, region, credentials: { accessKeyId: "test", secretAccessKey: "test" } });
  identity = await local.provisionThing(THING);
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  iot.destroy();
  await local.stop();
  await rm(dir, { recursive: true });
});

/** Attaches the policy of docs/device-guide.md, or one that lacks what `left` leaves out. */
async function allow(left: (statement: Statement) => boolean = () => true): Promise<void> {
  const template = await docBlock("device-guide.md", "json");
  const policy = JSON.parse(
    template.replaceAll("REGION", local.region).replaceAll("ACCOUNT", "000000000000"),
  );
  policy.Statement = policy.Statement.map(({ Resource, ...rest }: Statement) => ({
    ...rest,
    Resource: [Resource].flat().filter((resource) => left({ ...rest, Resource: resource })),
  }));
  const policyDocument = JSON.stringify(policy);
  await iot.send(new CreatePolicyCommand({ policyName: "device", policyDocument }));
  const target = `arn:aws:iot:${local.region}:000000000000:cert/${identity.certificateId}`;
  await iot.send(new AttachPolicyCommand({ policyName: "device", target }));
}

interface Statement {
  Action: string;
  Resource: string | string[];
}

async function overMqttJs(): Promise<Mqtt> {
  const { certificatePem: cert, privateKeyPem: key } = identity;
  const reconnect = { baseMs: 10, maxMs: 20 };
  const thing = await connectThing({
    thingName: THING,
    url: local.mqtts,
    ca: local.caPem,
    cert,
    key,
    reconnect,
  });
  closing.push(() => thing.disconnect());
  return thing;
}

async function overAwsSdk(): Promise<Mqtt> {
  const { hostname, port } = new URL(local.mqtts);
  const config = awsIot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromMemory(
    hostname,
    identity.certificatePem,
    identity.privateKeyPem,
  )
    .withPort(Number(port))
    .withCertificateAuthority(local.caPem)
    .withConnectProperties({ clientId: THING, keepAliveIntervalSeconds: 60 })
    .withMinReconnectDelayMs(10)
    .withMaxReconnectDelayMs(20)
    .build();
  const client = new mqtt5.Mqtt5Client(config);
  closing.push(() => client.close());
  const thing = await awsSdkThing(client, { thingName: THING });
  closing.push(() => thing.disconnect());
  return thing;
}

function deviceOn(firmwareVersion: string, log: (line: string) => void = () => {}) {
  const slots = fileSlots({ dir, runningSlot: 0, slotSizeBytes: 1_000_000, restart: async () => {} });
  return nodeDevice({
    dir,
    slots,
    model: "pump",
    firmwareVersion,
    inventory: true,
    log: (_level, message) => log(message),
  });
}

/** Returns the shadow as AWS IoT would give it to a program; `undefined` if there is none. */
async function shadow() {
  const answer = await fetch(`${local.endpoint}/things/${THING}/shadow?name=fota`);
  return answer.ok
    ? ((await answer.json()) as { state: { reported: Record<string, unknown> }; version: number })
    : undefined;
}

test.each([
  ["MQTT.js", overMqttJs],
  ["AWS's device SDK", overAwsSdk],
])(
  "over %s, one message for each change, with the policy of the device guide",
  async (_transport, connect) => {
    await allow();
    const thing = await connect();
    const boot = async (version: string) => {
      const fota = new Fota(deviceOn(version));
      for (let pass = 0; pass < 3; pass += 1) await fota.handleFotaJobs(new Jobs(thing), { force: true });
    };
    const before = Date.now();
    await boot("1.0.0");
    await boot("1.0.0");
    expect(await shadow()).toMatchObject({
      state: { reported: { version: "1.0.0", slot: 0, model: "pump", agent: expect.any(String) } },
      version: 1,
    });
    const bootedAt = (await shadow())?.state.reported["bootedAt"];
    expect(Date.parse(String(bootedAt))).toBeGreaterThanOrEqual(before - 1);
    await boot("1.0.1");
    expect(await shadow()).toMatchObject({ state: { reported: { version: "1.0.1" } }, version: 2 });
  },
);

test("FotaAgent reports it without a loop", async () => {
  await allow();
  const agent = new FotaAgent(deviceOn("1.0.0"), new Jobs(await overMqttJs()));
  closing.push(() => agent.stop());
  const idle = new Promise<void>((resolve) => void agent.on("idle", resolve));
  agent.start();
  await idle;
  expect(await shadow()).toMatchObject({ state: { reported: { version: "1.0.0" } } });
});

test.each([
  ["all topics of the shadow", ({ Resource }: Statement) => !SHADOW_TOPIC.test(JSON.stringify(Resource))],
  [
    "the update of the shadow",
    ({ Action, Resource }: Statement) =>
      Action !== "iot:Publish" || !SHADOW_TOPIC.test(JSON.stringify(Resource)),
  ],
])("a policy without %s: three attempts at most, and the jobs are still read", async (_what, left) => {
  await allow(left);
  const logged: string[] = [];
  const thing = await overMqttJs();
  const device = deviceOn("1.0.0", (line) => void logged.push(line));
  // Time passes at once, so that every pass tries again.
  let nowMs = 0;
  device.clock = { ...device.clock, monotonicMs: () => nowMs };
  const fota = new Fota(device);
  const jobs = new Jobs(thing);
  for (let pass = 0; pass < 5; pass += 1) {
    nowMs += 7_200_000;
    await fota.handleFotaJobs(jobs, { force: true });
  }
  const attempts = logged.filter((line) => line.includes("the inventory was not reported"));
  expect(attempts).toHaveLength(3);
  expect(logged.filter((line) => line.includes("until the device restarts"))).toHaveLength(1);
  expect(await shadow()).toBeUndefined();
  await thing.connect();
  expect(await jobs.list()).toEqual([[], []]);
});
