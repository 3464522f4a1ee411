/** Device shadows over MQTT and HTTP, with certificates, policies and a restart. */
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AttachPolicyCommand, CreatePolicyCommand } from "@aws-sdk/client-iot";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Local, type ProvisionedThing, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";

let dir: string;
let local: Local;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-shadows-"));
  local = await startLocal({ dir });
});

afterAll(async () => {
  await local.stop();
  await rm(dir, { recursive: true });
});

interface Listener {
  client: MqttClient;
  /** Topic and payload of each message. */
  heard: [string, unknown][];
}

async function listen(...filters: string[]): Promise<Listener> {
  const client = await connectAsync(local.mqtt);
  const heard: Listener["heard"] = [];
  client.on("message", (topic, payload) =>
    heard.push([topic, payload.length === 0 ? "" : JSON.parse(`${payload}`)]),
  );
  if (filters.length > 0) await client.subscribeAsync(filters, { qos: 1 });
  return { client, heard };
}

async function http(method: string, path: string, body?: string) {
  const authorization = "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/iotdata/aws4_request";
  const response = await fetch(`${local.endpoint}${path}`, {
    method,
    headers: { authorization, "content-type": "application/json" },
    body: body ?? null,
  });
  return {
    status: response.status,
    type: response.headers.get("x-amzn-errortype"),
    body: await response.json(),
  };
}

/** As a device, with its certificate and no signature. */
function asDevice(thing: ProvisionedThing, method: string, path: string): Promise<number | undefined> {
  const { hostname, port } = new URL(local.https);
  const options = {
    method,
    hostname,
    port,
    path,
    ca: local.caPem,
    cert: thing.certificatePem,
    key: thing.privateKeyPem,
  };
  return new Promise((resolve, reject) => {
    request({ ...options, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });
}

test("all subscribers hear requests and answers, and a client without a subscription hears nothing", async () => {
  const listener = await listen("$aws/things/m1/shadow/#");
  const asker = await listen();
  const base = "$aws/things/m1/shadow";
  await asker.client.publishAsync(`${base}/update`, '{"state":{"desired":{"a":1}},"clientToken":"t"}', {
    qos: 1,
  });
  await expect.poll(() => listener.heard).toHaveLength(4);
  await asker.client.publishAsync(`${base}/get`, "", { qos: 1 });
  await expect.poll(() => listener.heard).toHaveLength(6);
  await asker.client.publishAsync(`${base}/name/x/get`, '{"clientToken":"u"}', { qos: 0 });
  await expect.poll(() => listener.heard).toHaveLength(8);
  await asker.client.publishAsync(`${base}/update`, '{"state":[],"clientToken":"v"}', { qos: 1 });
  await expect.poll(() => listener.heard).toHaveLength(10);
  expect(listener.heard.map(([topic]) => topic.replace(`${base}/`, ""))).toEqual([
    "update",
    "update/accepted",
    "update/delta",
    "update/documents",
    "get",
    "get/accepted",
    "name/x/get",
    "name/x/get/rejected",
    "update",
    "update/rejected",
  ]);
  expect(listener.heard[5]?.[1]).toMatchObject({ version: 1, state: { desired: { a: 1 }, delta: { a: 1 } } });
  expect(listener.heard[7]?.[1]).toEqual({
    code: 404,
    message: "No shadow exists with name: 'm1~x'",
    clientToken: "u",
  });
  expect(listener.heard[9]?.[1]).toEqual({
    code: 400,
    message: "State node must be an object",
    clientToken: "v",
  });
  expect(asker.heard).toEqual([]);
  await Promise.all([listener.client.endAsync(), asker.client.endAsync()]);
});

test("over HTTP, a change is published to devices, and a refusal is not", async () => {
  const { client, heard } = await listen("$aws/things/h1/shadow/name/fota/#");
  const path = "/things/h1/shadow?name=fota";
  expect(await http("GET", path)).toEqual({
    status: 404,
    type: "ResourceNotFoundException",
    body: { message: "No shadow exists with name: 'h1~fota'" },
  });
  expect(await http("POST", path, '{"state":1}')).toMatchObject({
    status: 400,
    type: "InvalidRequestException",
  });
  expect(await http("POST", path, '{"state":{"desired":{"v":2}}}')).toMatchObject({
    status: 200,
    body: { version: 1 },
  });
  expect(await http("DELETE", path)).toMatchObject({ status: 200, body: { version: 1 } });
  expect(await http("GET", "/things/h1/shadow?name=a.b")).toMatchObject({ status: 400 });
  await expect.poll(() => heard).toHaveLength(4);
  expect(heard.map(([topic]) => topic.split("/fota/")[1])).toEqual([
    "update/accepted",
    "update/delta",
    "update/documents",
    "delete/accepted",
  ]);
  await client.endAsync();
});

test("a certificate may do over HTTPS what its policies allow for each shadow", async () => {
  const thing = await local.provisionThing("p1");
  await http("POST", "/things/p1/shadow?name=open", '{"state":{}}');
  await http("POST", "/things/p1/shadow", '{"state":{}}');
  expect(await asDevice(thing, "GET", "/things/p1/shadow")).toBe(200);
  const iot = iotClientOf(local);
  const arn = "arn:aws:iot:us-east-1:000000000000:thing/p1";
  const Statement = [
    { Effect: "Allow", Action: "iot:GetThingShadow", Resource: `${arn}/open` },
    { Effect: "Allow", Action: "iot:ListNamedShadowsForThing", Resource: arn },
  ];
  const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await iot.send(new CreatePolicyCommand({ policyName: "shadows", policyDocument }));
  const target = `arn:aws:iot:us-east-1:000000000000:cert/${thing.certificateId}`;
  await iot.send(new AttachPolicyCommand({ policyName: "shadows", target }));
  iot.destroy();
  expect(await asDevice(thing, "GET", "/things/p1/shadow?name=open")).toBe(200);
  expect(await asDevice(thing, "GET", "/things/p1/shadow")).toBe(403);
  expect(await asDevice(thing, "DELETE", "/things/p1/shadow?name=open")).toBe(403);
  expect(await asDevice(thing, "GET", "/api/things/shadow/ListNamedShadowsForThing/p1")).toBe(200);
  expect(await asDevice(thing, "GET", "/api/things/shadow/ListNamedShadowsForThing/p2")).toBe(403);
});

test("a shadow survives a restart", async () => {
  const path = "/things/r1/shadow?name=fota";
  await http("POST", path, '{"state":{"reported":{"version":"1.0"}}}');
  const before = await http("GET", path);
  await local.stop();
  local = await startLocal({ dir });
  const after = await http("GET", path);
  expect({ ...after.body, timestamp: 0 }).toEqual({ ...before.body, timestamp: 0 });
  expect(after.body).toMatchObject({ version: 1, state: { reported: { version: "1.0" } } });
});
