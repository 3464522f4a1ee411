/** Faults, switched on in process and over the admin API, with clients on real sockets. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { DescribeEndpointCommand, IoTClient, ListThingsCommand } from "@aws-sdk/client-iot";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Local, manualClock, startLocal } from "../src/index.js";
import { type RawAnswer, rawGet } from "./raw-http.js";
import { connected } from "./support/raw-client.js";

const run = promisify(execFile);
const object = { Bucket: "firmware", Key: "app.bin" };
const image = "0123456789".repeat(10_000);
let local: Local;
let s3: S3Client;
let iot: IoTClient;
let url: string;

beforeAll(async () => {
  local = await startLocal({ clock: manualClock(Date.now()) });
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const config = { endpoint: local.endpoint, region: local.region, credentials, maxAttempts: 1 };
  s3 = new S3Client(config);
  iot = new IoTClient(config);
  await s3.send(new CreateBucketCommand({ Bucket: object.Bucket }));
  await s3.send(new PutObjectCommand({ ...object, Body: image }));
  url = await getSignedUrl(s3, new GetObjectCommand(object), { expiresIn: 3600 });
});

afterEach(() => {
  local.faults.clear();
});

afterAll(async () => {
  s3.destroy();
  iot.destroy();
  await local.stop();
});

function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}

const range = (bytes: string) => rawGet(url, { headers: { range: `bytes=${bytes}` } });

describe("a download", () => {
  test("is cut before a byte of the object, whatever range is requested, and can be resumed there", async () => {
    const { id } = local.faults.add({ kind: "cutTransfer", atByte: 70_001, times: 1 });
    expect(await range("0-49999")).toMatchObject({ status: 206, cut: false });
    const cut = await range("50000-99999");
    expect([cut.status, cut.cut, cut.text]).toEqual([206, true, image.slice(50_000, 70_001)]);
    const rest = await range("70001-");
    expect([rest.cut, rest.text === image.slice(70_001)]).toEqual([false, true]);
    expect(local.faults.list()).toEqual([
      { id, kind: "cutTransfer", atByte: 70_001, times: 1, applied: 1, remaining: 0 },
    ]);
  });

  test("can be cut before its first byte, after its headers", async () => {
    local.faults.add({ kind: "cutTransfer", atByte: 0 });
    expect(await rawGet(url)).toMatchObject({ status: 200, cut: true, text: "" });
  });

  test("stalls until the client gives up", async () => {
    local.faults.add({ kind: "stallTransfer", atByte: 10 });
    const failed = await run("curl", ["-sS", "--max-time", "1", url]).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 28, stdout: "0123456789" }); // curl's 28: the operation timed out
  });

  test("that stalls continues when the fault is removed", async () => {
    const { id } = local.faults.add({ kind: "stallTransfer", atByte: 50_000 });
    const answer = rawGet(url);
    await expect.poll(() => local.faults.list()[0]?.applied).toBe(1);
    local.faults.remove(id);
    expect((await answer).text === image).toBe(true);
  });

  test("has one wrong byte, also when it is requested in ranges", async () => {
    local.faults.add({ kind: "flipByte", atByte: 70_000 });
    expect((await range("60000-69999")).text).toBe(image.slice(60_000, 70_000));
    const wrong = await range("70000-70002");
    expect(Buffer.from(wrong.text, "latin1").subarray(-2).toString()).toBe("12");
    expect(wrong.text.startsWith("0")).toBe(false);
    expect(local.faults.list()[0]?.applied).toBe(1);
  });

  test("over a slow link takes the time that its size requires", async () => {
    local.faults.add({ kind: "slowTransfer", bytesPerSecond: 100_000 });
    const startMs = performance.now();
    expect((await range("0-29999")).text.length).toBe(30_000);
    expect(performance.now() - startMs).toBeGreaterThan(250);
  });

  test("is answered with the whole object, whatever its range", async () => {
    local.faults.add({ kind: "ignoreRange" });
    const answers = [await range("5-"), await rawGet(url)];
    expect(answers.map(({ status, text }) => [status, text === image])).toEqual([
      [200, true],
      [200, true],
    ]);
    expect(local.faults.list()[0]?.applied).toBe(1); // a request without a range did not trigger it
  });

  test.each([
    { status: 403, code: "AccessDenied" },
    { status: 500, code: "InternalError" },
    { status: 503, code: "SlowDown" },
  ] as const)("is answered with $status as often as the fault says", async ({ status, code }) => {
    local.faults.add({ kind: "answerError", status, times: 2 });
    const answers = [await rawGet(url), await rawGet(url), await rawGet(url)];
    expect(answers.map((answer) => answer.status)).toEqual([status, status, 200]);
    expect(element(answers[0]?.text ?? "", "Code")).toBe(code);
  });

  test("gets an expired URL, and works when the fault is used up", async () => {
    local.faults.add({ kind: "expireUrl", times: 1 });
    const { status, text } = await rawGet(url);
    expect([status, element(text, "Code"), element(text, "Message")]).toEqual([
      403,
      "AccessDenied",
      "Request has expired",
    ]);
    expect(element(text, "X-Amz-Expires")).toBe("3600");
    expect(Date.parse(element(text, "Expires") ?? "")).toBeLessThan(
      Date.parse(element(text, "ServerTime") ?? ""),
    );
    expect((await rawGet(url)).status).toBe(200);
  });

  test("of another object is not affected, and neither is a request with signed headers", async () => {
    local.faults.add({ kind: "answerError", status: 500, bucket: "firmware", key: "other.bin" });
    local.faults.add({ kind: "expireUrl", bucket: "elsewhere" });
    expect((await rawGet(url)).status).toBe(200);
    local.faults.clear();
    local.faults.add({ kind: "expireUrl" });
    const { ContentLength } = await s3.send(new GetObjectCommand({ ...object, Range: "bytes=0-0" }));
    expect(ContentLength).toBe(1);
  });
});

describe("an upload", () => {
  test("that is cut leaves nothing behind", async () => {
    local.faults.add({ kind: "cutTransfer", atByte: 1000, method: "PUT" });
    const put = new PutObjectCommand({ Bucket: "firmware", Key: "cut.bin", Body: image });
    await expect(s3.send(put)).rejects.toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) });
    local.faults.clear();
    const get = s3.send(new GetObjectCommand({ Bucket: "firmware", Key: "cut.bin" }));
    await expect(get).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  test("with a corrupted byte is refused because of its checksum", async () => {
    local.faults.add({ kind: "flipByte", atByte: 1000, method: "PUT", times: 1 });
    const put = new PutObjectCommand({ Bucket: "firmware", Key: "flipped.bin", Body: image });
    await expect(s3.send(put)).rejects.toMatchObject({ name: "XAmzContentSHA256Mismatch" });
    await s3.send(put);
  });
});

describe("the iot services", () => {
  test("fail with AWS's errors, each on its own and as often as the fault says", async () => {
    local.faults.add({ kind: "answerError", service: "iot", status: 503, path: "/things", times: 1 });
    await iot.send(new DescribeEndpointCommand({ endpointType: "iot:Data-ATS" }));
    await expect(iot.send(new ListThingsCommand({}))).rejects.toMatchObject({
      name: "ServiceUnavailableException",
      $metadata: { httpStatusCode: 503 },
    });
    await iot.send(new ListThingsCommand({}));
    local.faults.add({ kind: "answerError", service: "iot-jobs-data", status: 403 });
    await iot.send(new ListThingsCommand({}));
  });
});

describe("a message", () => {
  const clients: MqttClient[] = [];
  let seen: string[];

  /** Connects a client that records its messages in `seen`. */
  async function client(clientId: string, options: IClientOptions = {}): Promise<MqttClient> {
    const made = await connectAsync(local.mqtt, { reconnectPeriod: 0, clientId, ...options });
    clients.push(made);
    made.on("message", (topic, payload) => seen.push(`${topic} ${payload}`));
    return made;
  }

  beforeEach(() => {
    seen = [];
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((each) => each.endAsync(true)));
  });

  test("to a client is dropped by topic and count, and later messages arrive", async () => {
    local.faults.add({ kind: "dropMessage", topic: "a/+", direction: "toClient", times: 2 });
    const device = await client("device");
    await device.subscribeAsync(["a/#", "b"], { qos: 1 });
    for (const payload of ["1", "2", "3"]) await device.publishAsync("a/x", payload, { qos: 1 });
    await device.publishAsync("b", "4", { qos: 1 });
    await expect.poll(() => seen).toEqual(["a/x 3", "b 4"]);
    expect(local.faults.list()).toMatchObject([{ applied: 2, remaining: 0 }]);
  });

  test("from a client is dropped: neither acknowledged nor delivered", async () => {
    local.faults.add({
      kind: "dropMessage",
      topic: "#",
      direction: "fromClient",
      clientId: "sender",
      times: 1,
    });
    const receiver = await client("receiver");
    await receiver.subscribeAsync("a", { qos: 1 });
    const sender = await connected(Number(new URL(local.mqtt).port), 4, { clientId: "sender" });
    const publish = { cmd: "publish", topic: "a", qos: 1, retain: false, dup: false } as const;
    sender.send({ ...publish, payload: "lost", messageId: 1 });
    sender.send({ ...publish, payload: "kept", messageId: 2 });
    expect(await sender.next()).toMatchObject({ cmd: "puback", messageId: 2 });
    await expect.poll(() => seen).toEqual(["a kept"]);
    sender.cut();
  });

  test("from a client is delivered twice", async () => {
    local.faults.add({ kind: "doubleMessage", topic: "a", direction: "fromClient", times: 1 });
    const device = await client("device");
    await device.subscribeAsync("a", { qos: 1 });
    await device.publishAsync("a", "1", { qos: 1 });
    await device.publishAsync("a", "2", { qos: 1 });
    await expect.poll(() => seen).toEqual(["a 1", "a 1", "a 2"]);
  });

  test("on a reserved topic is delivered twice, such as an answer of Jobs", async () => {
    local.faults.add({
      kind: "doubleMessage",
      topic: "$aws/things/+/jobs/get/accepted",
      direction: "toClient",
    });
    await local.provisionThing("device");
    const device = await client("device");
    await device.subscribeAsync("$aws/things/device/jobs/#");
    await device.publishAsync("$aws/things/device/jobs/get", '{"clientToken":"1"}');
    await expect.poll(() => seen.length).toBe(2);
    expect(seen[0]).toContain('"clientToken":"1"');
    expect(seen[1]).toBe(seen[0]);
  });

  test("is delayed on the stand-in's clock, and others overtake it", async () => {
    local.faults.add({ kind: "delayMessage", topic: "a", direction: "fromClient", delayMs: 5000, times: 1 });
    const device = await client("device");
    await device.subscribeAsync(["a", "b"]);
    await device.publishAsync("a", "late");
    await device.publishAsync("b", "1", { qos: 1 });
    local.clock.advance(4999);
    await device.publishAsync("b", "2", { qos: 1 });
    local.clock.advance(1);
    await expect.poll(() => seen).toEqual(["b 1", "b 2", "a late"]);
  });

  test("breaks its connection, and the last will is published", async () => {
    local.faults.add({ kind: "disconnectClient", topic: "a", direction: "fromClient" });
    const witness = await client("witness");
    await witness.subscribeAsync(["a", "will"]);
    const will = { topic: "will", payload: Buffer.from("gone"), qos: 0, retain: false } as const;
    const device = await client("device", { will });
    const closed = new Promise<void>((resolve) => device.once("close", resolve));
    device.publish("a", "never arrives", { qos: 1 });
    await closed;
    await expect.poll(() => seen).toEqual(["will gone"]);
  });
});

describe("a client", () => {
  test("is disconnected in process", async () => {
    const device = await connectAsync(local.mqtt, { reconnectPeriod: 0, clientId: "device" });
    const closed = new Promise<void>((resolve) => device.once("close", resolve));
    expect(local.disconnectClient("device")).toBe(true);
    await closed;
    expect(local.disconnectClient("device")).toBe(false);
    await device.endAsync(true);
  });
});

describe("the admin API", () => {
  interface Answer extends Pick<RawAnswer, "status"> {
    body: unknown;
  }

  async function admin(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${local.endpoint}/_fota/${path}`, {
      method,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
    });
    return { status: response.status, body: await response.json() };
  }

  test("switches faults on, lists and counts them, and removes them", async () => {
    const added = await admin("POST", "faults", { kind: "answerError", status: 503, times: 2 });
    expect(added).toMatchObject({
      status: 201,
      body: { kind: "answerError", status: 503, applied: 0, remaining: 2 },
    });
    const { id } = added.body as { id: string };
    expect((await rawGet(url)).status).toBe(503);
    expect(await admin("GET", "faults")).toEqual({
      status: 200,
      body: { faults: [{ id, kind: "answerError", status: 503, times: 2, applied: 1, remaining: 1 }] },
    });
    expect(await admin("DELETE", `faults/${id}`)).toEqual({ status: 200, body: { removed: 1 } });
    expect(await admin("DELETE", `faults/${id}`)).toEqual({
      status: 404,
      body: { message: `there is no fault ${id}` },
    });
    expect((await rawGet(url)).status).toBe(200);
    await admin("POST", "faults", { kind: "expireUrl" });
    await admin("POST", "faults", { kind: "ignoreRange" });
    expect(await admin("DELETE", "faults")).toEqual({ status: 200, body: { removed: 2 } });
    expect(await admin("GET", "faults")).toEqual({ status: 200, body: { faults: [] } });
  });

  test("refuses an invalid fault with the reason", async () => {
    expect(await admin("POST", "faults", { kind: "cutTransfer", atBytes: 5 })).toMatchObject({
      status: 400,
      body: {
        code: "FAULT_INVALID",
        message: "cutTransfer has no member atBytes, only times, bucket, key, method, atByte",
      },
    });
    expect(local.faults.list()).toEqual([]);
  });

  test("moves the clock", async () => {
    const beforeMs = local.clock.nowMs();
    const nowMs = beforeMs + 3_600_000;
    const moved = { nowMs, now: new Date(nowMs).toISOString() };
    expect(await admin("POST", "clock", { advanceMs: 3_600_000 })).toEqual({ status: 200, body: moved });
    expect(await admin("GET", "clock")).toEqual({ status: 200, body: moved });
    await admin("POST", "clock", { advanceMs: -3_600_000 });
    expect(local.clock.nowMs()).toBe(beforeMs);
    for (const body of [{}, { advanceMs: "1h" }, { advanceMs: 0.5 }, { advanceMs: 1, by: "hand" }, 5]) {
      expect(await admin("POST", "clock", body)).toMatchObject({ status: 400, body: { code: "USAGE" } });
    }
  });

  test("lists the clients that are connected and disconnects one", async () => {
    const device = await connectAsync(local.mqtt, { reconnectPeriod: 0, clientId: "plant 7/door" });
    const closed = new Promise<void>((resolve) => device.once("close", resolve));
    expect(await admin("GET", "clients")).toEqual({ status: 200, body: { clients: ["plant 7/door"] } });
    const path = `clients/${encodeURIComponent("plant 7/door")}`;
    expect((await admin("DELETE", path)).status).toBe(200);
    await closed;
    expect((await admin("DELETE", path)).status).toBe(404);
    await device.endAsync(true);
  });

  test("lists its paths and methods when a request has another one", async () => {
    expect(await admin("GET", "nothing")).toMatchObject({
      status: 404,
      body: {
        message: expect.stringContaining(
          "there is no /_fota/nothing, only /_fota/info, /_fota/health, /_fota/clock",
        ),
      },
    });
    expect(await admin("PUT", "faults")).toEqual({
      status: 405,
      body: { message: "/_fota/faults supports GET, POST, DELETE" },
    });
    expect((await admin("DELETE", "faults/%E0")).status).toBe(400);
  });

  test("refuses bodies that a page of another origin can send without a preflight", async () => {
    const body = JSON.stringify({ kind: "expireUrl" });
    const response = await fetch(`${local.endpoint}/_fota/faults`, { method: "POST", body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining("application/json") });
    expect(local.faults.list()).toEqual([]);
  });
});
