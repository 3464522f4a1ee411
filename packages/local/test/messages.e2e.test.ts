/** Messages over HTTP: Publish and retained messages, with certificates, policies and a restart. */
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AttachPolicyCommand, CreatePolicyCommand } from "@aws-sdk/client-iot";
import { connectAsync, type IPublishPacket, type MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Local, type ProvisionedThing, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";

let dir: string;
let local: Local;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-messages-"));
  local = await startLocal({ dir });
});

afterAll(async () => {
  await local.stop();
  await rm(dir, { recursive: true });
});

async function listen(filter: string): Promise<{ client: MqttClient; heard: IPublishPacket[] }> {
  const client = await connectAsync(local.mqtt, { protocolVersion: 5 });
  const heard: IPublishPacket[] = [];
  client.on("message", (_topic, _payload, packet) => heard.push(packet));
  await client.subscribeAsync(filter, { qos: 1 });
  return { client, heard };
}

async function http(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
  const authorization = "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/iotdata/aws4_request";
  const response = await fetch(`${local.endpoint}${path}`, {
    method,
    headers: { authorization, "content-type": "application/octet-stream", ...headers },
    body: body ?? null,
  });
  return {
    status: response.status,
    type: response.headers.get("x-amzn-errortype"),
    body: await response.json(),
  };
}

/** As `curl --data` with a device certificate: no signature, and the content type of a form. */
function asDevice(
  thing: ProvisionedThing,
  method: string,
  path: string,
  body = "",
): Promise<number | undefined> {
  const { hostname, port } = new URL(local.https);
  const options = {
    method,
    hostname,
    port,
    path,
    ca: local.caPem,
    cert: thing.certificatePem,
    key: thing.privateKeyPem,
    agent: false as const,
    headers: body === "" ? {} : { "content-type": "application/x-www-form-urlencoded" },
  };
  return new Promise((resolve, reject) => {
    request(options, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    })
      .on("error", reject)
      .end(body);
  });
}

test("a message that is published over HTTP reaches subscribers with its MQTT 5 properties", async () => {
  const { client, heard } = await listen("a/#");
  const path = "/topics/a%2Fb?qos=1&contentType=text%2Fplain&responseTopic=c&messageExpiry=60";
  const properties = Buffer.from('[{"k":"1"},{"k":"2"},{"n":"3"}]').toString("base64");
  const headers = {
    "x-amz-mqtt5-user-properties": properties,
    "x-amz-mqtt5-payload-format-indicator": "UTF8_DATA",
    "x-amz-mqtt5-correlation-data": "AQI=",
  };
  expect(await http("POST", path, "x", headers)).toMatchObject({ status: 200, body: { message: "OK" } });
  expect(await http("POST", "/topics/a/c/d", "")).toMatchObject({ status: 200 });
  await expect.poll(() => heard).toHaveLength(2);
  expect(heard[0]).toMatchObject({ topic: "a/b", payload: Buffer.from("x"), qos: 1, retain: false });
  expect(heard[0]?.properties).toEqual({
    contentType: "text/plain",
    responseTopic: "c",
    messageExpiryInterval: 60,
    payloadFormatIndicator: true,
    correlationData: Buffer.from([1, 2]),
    userProperties: expect.objectContaining({ k: ["1", "2"], n: "3" }),
  });
  expect(heard[1]).toMatchObject({ topic: "a/c/d", payload: Buffer.alloc(0), qos: 0 });
  await client.endAsync();
});

test.each([
  ["/topics/a%2F%2B", "x", {}],
  ["/topics/a?qos=2", "x", {}],
  ["/topics/a?foo=1", "x", {}],
  ["/topics/a", "x".repeat(128 * 1024 + 1), {}],
  ["/topics/a", "x", { "x-amz-mqtt5-user-properties": "e30=" }],
  ["/topics/%24aws%2Frules%2Fnot-a-rule%2Fa", "x", {}],
  ["/topics/%24aws%2Frules%2Fr%2Fa?retain=true", "x", {}],
  ["/topics/%24aws%2Fthings%2Ft%2Fshadow%2Fget?retain=true", "x", {}],
])("Publish refuses %s", async (path, body, headers) => {
  expect(await http("POST", path, body, headers)).toMatchObject({
    status: 400,
    type: "InvalidRequestException",
  });
});

test("a message on a reserved topic is a request: the shadow changes and subscribers get the answer", async () => {
  const { client, heard } = await listen("$aws/things/h1/shadow/#");
  const path = `/topics/${encodeURIComponent("$aws/things/h1/shadow/update")}?qos=1`;
  expect(await http("POST", path, '{"state":{"reported":{"v":1}}}')).toMatchObject({ status: 200 });
  expect(await http("GET", "/things/h1/shadow")).toMatchObject({ body: { state: { reported: { v: 1 } } } });
  await expect.poll(() => heard).toHaveLength(3);
  expect(heard.map(({ topic }) => topic.split("/shadow/")[1])).toEqual([
    "update",
    "update/accepted",
    "update/documents",
  ]);
  await client.endAsync();
});

test("retained messages are listed page by page, are read, survive a restart and are deleted", async () => {
  const before = Date.now();
  const headers = { "x-amz-mqtt5-user-properties": Buffer.from('[{"k":"v"}]').toString("base64") };
  await http("POST", "/topics/r%2F2?qos=1&retain=true", "two", headers);
  await http("POST", "/topics/r%2F1?retain=true", "one");
  await http("POST", "/topics/r%2F3?retain=true", "three");
  const { body: first } = await http("GET", "/retainedMessage?maxResults=2");
  expect(first.retainedTopics).toMatchObject([
    { topic: "r/1", payloadSize: 3, qos: 0 },
    { topic: "r/2", payloadSize: 3, qos: 1 },
  ]);
  expect(first.retainedTopics[0].lastModifiedTime).toBeGreaterThanOrEqual(before);
  const next = `/retainedMessage?maxResults=2&nextToken=${first.nextToken}`;
  expect((await http("GET", next)).body).toMatchObject({ retainedTopics: [{ topic: "r/3" }] });
  expect(await http("GET", "/retainedMessage?nextToken=x")).toMatchObject({ status: 400 });
  const read = await http("GET", "/retainedMessage/r%2F2");
  expect(read.body).toEqual({
    topic: "r/2",
    payload: Buffer.from("two").toString("base64"),
    qos: 1,
    lastModifiedTime: expect.any(Number),
    userProperties: headers["x-amz-mqtt5-user-properties"],
  });

  await local.stop();
  local = await startLocal({ dir });
  expect(await http("GET", "/retainedMessage/r%2F2")).toEqual(read);
  await http("POST", "/topics/r%2F2?retain=true", "");
  expect(await http("GET", "/retainedMessage/r%2F2")).toMatchObject({
    status: 404,
    type: "ResourceNotFoundException",
  });
});

test("a list of retained messages follows what is retained and deleted after its first page", async () => {
  for (const topic of ["b", "d"]) await http("POST", `/topics/list%2F${topic}?retain=true`, topic);
  const listed = async (query: string) => {
    const { body } = await http("GET", `/retainedMessage?${query}`);
    const topics: string[] = body.retainedTopics.map(({ topic }: { topic: string }) => topic);
    return { topics: topics.filter((topic) => topic.startsWith("list/")), nextToken: body.nextToken };
  };
  const { topics, nextToken } = await listed("maxResults=1");
  expect(topics).toEqual(["list/b"]);
  await http("POST", "/topics/list%2Fa?retain=true", "a");
  await http("POST", "/topics/list%2Fc?retain=true", "c");
  await http("POST", "/topics/list%2Fb?retain=true", "");
  await http("POST", "/topics/list%2Fd?retain=true", "again");
  expect((await listed(`nextToken=${nextToken}`)).topics).toEqual(["list/c", "list/d"]);
  expect((await listed("")).topics).toEqual(["list/a", "list/c", "list/d"]);
});

test("a device publishes with its certificate what its policies allow", async () => {
  const thing = await local.provisionThing("p1");
  expect(await asDevice(thing, "POST", "/topics/open/1?qos=1", '{"message":"hello"}')).toBe(200);
  const iot = iotClientOf(local);
  const arn = "arn:aws:iot:us-east-1:000000000000:topic/open/*";
  const Statement = [{ Effect: "Allow", Action: ["iot:Publish", "iot:GetRetainedMessage"], Resource: arn }];
  const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await iot.send(new CreatePolicyCommand({ policyName: "messages", policyDocument }));
  const target = `arn:aws:iot:us-east-1:000000000000:cert/${thing.certificateId}`;
  await iot.send(new AttachPolicyCommand({ policyName: "messages", target }));
  iot.destroy();
  expect(await asDevice(thing, "POST", "/topics/open/1", "x")).toBe(200);
  expect(await asDevice(thing, "POST", "/topics/open/1?retain=true", "x")).toBe(403);
  expect(await asDevice(thing, "POST", "/topics/closed", "x")).toBe(403);
  expect(await asDevice(thing, "GET", "/retainedMessage/open/1")).toBe(404);
  expect(await asDevice(thing, "GET", "/retainedMessage")).toBe(403);
});
