/** Basic Ingest: messages for rules, with AWS's device SDK and with `mqtt`. */
import { AttachPolicyCommand, CreatePolicyCommand } from "@aws-sdk/client-iot";
import { mqtt as deviceSdk } from "aws-iot-device-sdk-v2";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Local, type ProvisionedThing, startLocal } from "../src/index.js";
import { connectMqtt311 } from "./support/device-sdk.js";
import { iotClientOf } from "./support/iot-client.js";

const ARN = "arn:aws:iot:us-east-1:000000000000";
let local: Local;
let thing: ProvisionedThing;
let plain: Local;

beforeAll(async () => {
  local = await startLocal({ strict: true });
  plain = await startLocal();
  thing = await local.provisionThing("t1");
  const iot = iotClientOf(local);
  const allow = (Action: string, path: string) => ({ Effect: "Allow", Action, Resource: `${ARN}:${path}` });
  const Statement = [
    allow("iot:Connect", "client/t1"),
    allow("iot:Publish", "topic/$aws/rules/telemetry/*"),
    allow("iot:Publish", "topic/done"),
    allow("iot:Subscribe", "topicfilter/*"),
    allow("iot:Receive", "topic/*"),
  ];
  const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await iot.send(new CreatePolicyCommand({ policyName: "ingest", policyDocument }));
  await iot.send(
    new AttachPolicyCommand({ policyName: "ingest", target: `${ARN}:cert/${thing.certificateId}` }),
  );
  iot.destroy();
});

afterAll(async () => {
  await local.stop();
  await plain.stop();
});

async function rulesOf({ endpoint }: Local): Promise<unknown> {
  const { rules } = (await (await fetch(`${endpoint}/_fota/rules`)).json()) as { rules: unknown };
  return rules;
}

test("AWS's device SDK publishes to a rule, and the connection stays open", async () => {
  const connection = await connectMqtt311(local, "t1", thing);
  const topics: string[] = [];
  await connection.subscribe("#", 1, (topic) => void topics.push(topic));
  await connection.subscribe("dt/#", 1, (topic) => void topics.push(topic));
  await connection.publish("$aws/rules/telemetry/dt/1", "abc", deviceSdk.QoS.AtLeastOnce);
  await connection.publish("$aws/rules/telemetry/a/1/2/3/4/5/6/7", "de", deviceSdk.QoS.AtMostOnce);
  await connection.publish("done", "x", deviceSdk.QoS.AtLeastOnce); // after the two, on the same connection
  await expect.poll(() => topics).toEqual(["done"]);
  expect(await rulesOf(local)).toEqual([
    { ruleName: "telemetry", messages: 2, sizeBytes: 5, lastTopic: "$aws/rules/telemetry/a/1/2/3/4/5/6/7" },
  ]);
  await connection.disconnect();
});

test("the policy is checked on the whole topic, and a refused publish ends the connection", async () => {
  const { mqtts, caPem } = local;
  const client = await connectAsync(mqtts, {
    clientId: "t1",
    ca: caPem,
    cert: thing.certificatePem,
    key: thing.privateKeyPem,
    protocolVersion: 5,
    reconnectPeriod: 0,
  });
  const reasonCode = disconnectReason(client);
  client.publish("$aws/rules/other/dt/1", "x");
  expect(await reasonCode).toBe(0x87);
});

test.each([
  { topic: "$aws/rules/not-a-rule/dt", retain: false, reasonCode: 0x90 },
  { topic: "$aws/rules/telemetry/dt", retain: true, reasonCode: 0x9a },
])("a publish to $topic, retained $retain, ends the connection with $reasonCode", async (each) => {
  const client = await connectAsync(plain.mqtt, { protocolVersion: 5, reconnectPeriod: 0 });
  const reasonCode = disconnectReason(client);
  client.publish(each.topic, "x", { retain: each.retain });
  expect(await reasonCode).toBe(each.reasonCode);
});

test.each([
  { protocolVersion: 4, code: 0x80 },
  { protocolVersion: 5, code: 0x8f },
] as const)("a subscription is refused over protocol level $protocolVersion", async (each) => {
  const client = await connectAsync(plain.mqtt, { protocolVersion: each.protocolVersion });
  const codes = new Promise((resolve) => {
    client.on("packetreceive", (packet) => {
      if (packet.cmd === "suback") resolve(packet.granted);
    });
  });
  client.subscribe(["$aws/rules/telemetry/#", "dt/#"]);
  expect(await codes).toEqual([each.code, 0]);
  await client.endAsync();
});

/** Resolves to the reason code of the DISCONNECT that the server sends. */
function disconnectReason(client: MqttClient): Promise<number | undefined> {
  return new Promise((resolve) => {
    client.on("disconnect", (packet) => resolve(packet.reasonCode));
  });
}
