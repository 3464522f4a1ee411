import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { AttachPolicyCommand, CreatePolicyCommand, IoTClient } from "@aws-sdk/client-iot";
import { auth, iot, mqtt5 } from "aws-iot-device-sdk-v2";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { generate } from "mqtt-packet";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Local, type LocalOptions, startLocal } from "../src/index.js";

// MQTT over WebSocket on the HTTP and HTTPS ports.

let local: Local;
const clients: MqttClient[] = [];

async function start(options: LocalOptions = {}): Promise<void> {
  local = await startLocal({
    credentials: [{ accessKeyId: "AKIAFLEET", secretAccessKey: "secret" }],
    ...options,
  });
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  await local.stop();
});

async function client(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const made = await connectAsync(url, { reconnectPeriod: 0, ca: local.caPem, ...options }, false);
  clients.push(made);
  return made;
}

function webSocketUrl(endpoint = local.endpoint): string {
  return `${endpoint.replace(/^http/, "ws")}/mqtt`;
}

function nextMessage(of: MqttClient): Promise<string> {
  return new Promise((resolve) => {
    of.once("message", (_topic, payload) => resolve(payload.toString()));
  });
}

/** Signs the URL of a WebSocket as in AWS's guide for browsers. */
function signedUrl(secret: string, { at = new Date(), token = "", withPort = true } = {}): string {
  const { host, hostname } = new URL(local.endpoint);
  const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const stamp = at.toISOString().replace(/[-:]|\.\d+/g, "");
  const date = stamp.slice(0, 8);
  const scope = `${date}/us-east-1/iotdevicegateway/aws4_request`;
  const query =
    `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(`AKIAFLEET/${scope}`)}` +
    `&X-Amz-Date=${stamp}&X-Amz-SignedHeaders=host`;
  const signedHost = withPort ? host : hostname;
  const canonical = `GET\n/mqtt\n${query}\nhost:${signedHost}\n\nhost\n${sha256("")}`;
  const text = `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${sha256(canonical)}`;
  const steps = ["us-east-1", "iotdevicegateway", "aws4_request"];
  const key = steps.reduce((from, step) => hmac(from, step), hmac(`AWS4${secret}`, date));
  const signature = hmac(key, text).toString("hex");
  const suffix = token && `&X-Amz-Security-Token=${encodeURIComponent(token)}`;
  return `${webSocketUrl()}?${query}&X-Amz-Signature=${signature}${suffix}`;
}

/** Resolves to the answer to a refused WebSocket request. */
async function refusal(url: string, protocol = "mqtt"): Promise<{ status?: number; type: unknown }> {
  const socket = new WebSocket(url, protocol, { ca: local.caPem });
  socket.on("error", () => undefined);
  const [request, response] = await once(socket, "unexpected-response");
  request.destroy();
  return { status: response.statusCode, type: response.headers["x-amzn-errortype"] };
}

describe("without --verify-signatures", () => {
  test.each([4, 5] as const)("carries MQTT of level %i, signed or not", async (protocolVersion) => {
    await start();
    const subscriber = await client(webSocketUrl(), { protocolVersion, clientId: "subscriber" });
    await subscriber.subscribeAsync("dt/#", { qos: 1 });
    const message = nextMessage(subscriber);
    const publisher = await client(signedUrl("a wrong secret"), { protocolVersion, clientId: "publisher" });
    await publisher.publishAsync("dt/one", "x".repeat(100_000), { qos: 1 });
    expect(await message).toHaveLength(100_000);
  });

  test("works over HTTPS, with a certificate as over MQTT", async () => {
    await start();
    const thing = await local.provisionThing("t1");
    const control = new IoTClient({
      endpoint: local.endpoint,
      region: local.region,
      credentials: { accessKeyId: "any", secretAccessKey: "any" },
    });
    const Statement = [
      {
        Effect: "Allow",
        Action: "iot:Connect",
        Resource: "arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}",
      },
    ];
    const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
    await control.send(new CreatePolicyCommand({ policyName: "p1", policyDocument }));
    const target = `arn:aws:iot:us-east-1:000000000000:cert/${thing.certificateId}`;
    await control.send(new AttachPolicyCommand({ policyName: "p1", target }));

    const url = webSocketUrl(local.https);
    await client(url);
    const identity = { cert: thing.certificatePem, key: thing.privateKeyPem };
    await client(url, { ...identity, clientId: "t1" });
    await expect(client(url, { ...identity, clientId: "t2" })).rejects.toMatchObject({ code: 5 });
  });

  test("is served only at /mqtt with the subprotocol mqtt", async () => {
    await start();
    expect(await refusal(webSocketUrl(), "wamp")).toEqual({ status: 400, type: "InvalidRequestException" });
    expect(await refusal(webSocketUrl().replace("/mqtt", "/other"))).toEqual({
      status: 501,
      type: "NotImplementedException",
    });
  });

  test("a protocol other than WebSocket is refused with the reason", async () => {
    await start();
    const socket = connectSocket(Number(new URL(local.endpoint).port), "127.0.0.1");
    socket.write("GET /things HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    await once(socket, "close");
    expect(answer).toMatch(/^HTTP\/1\.1 501 /);
    expect(answer).toContain("the protocol h2c is not supported");
  });

  test("text instead of bytes ends the connection, and nothing after it counts", async () => {
    await start();
    const subscriber = await client(webSocketUrl(), { clientId: "subscriber" });
    await subscriber.subscribeAsync("dt/#", { qos: 1 });
    const message = nextMessage(subscriber);
    const socket = new WebSocket(webSocketUrl(), "mqtt");
    await once(socket, "open");
    socket.send(
      generate({ cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean: true, clientId: "t1" }),
    );
    socket.send("hello");
    socket.send(
      generate({ cmd: "publish", topic: "dt/x", payload: "after text", qos: 0, dup: false, retain: false }),
    );
    expect((await once(socket, "close"))[0]).toBe(1003);
    await subscriber.publishAsync("dt/x", "later");
    expect(await message).toBe("later");
  });

  test("strict accepts signed clients and clients whose certificate has a policy", async () => {
    await start({ strict: true });
    await expect(client(webSocketUrl())).rejects.toMatchObject({ code: 5 });
    await client(signedUrl("secret"));
  });
});

describe("with --verify-signatures", () => {
  test("a valid signature is accepted, also with a session token and with a host without its port", async () => {
    await start({ verifySignatures: true });
    await client(signedUrl("secret"));
    await client(signedUrl("secret", { token: "a/token+" }));
    await client(signedUrl("secret", { withPort: false }));
  });

  test("a wrong, an old and a missing signature are refused", async () => {
    await start({ verifySignatures: true });
    const forbidden = { status: 403, type: "ForbiddenException" };
    expect(await refusal(signedUrl("guessed"))).toEqual(forbidden);
    expect(await refusal(signedUrl("secret", { at: new Date(Date.now() - 3_600_000) }))).toEqual(forbidden);
    expect(await refusal(webSocketUrl())).toEqual(forbidden);
    expect(await refusal(signedUrl("secret").replace("iotdevicegateway", "iot"))).toEqual(forbidden);
  });

  test("AWS's device SDK can connect with valid credentials only", async () => {
    await start({ verifySignatures: true });
    const connects = async (secret: string) => {
      const { hostname, port } = new URL(local.https);
      const config = iot.AwsIotMqtt5ClientConfigBuilder.newWebsocketMqttBuilderWithSigv4Auth(hostname, {
        region: "us-east-1",
        credentialsProvider: auth.AwsCredentialsProvider.newStatic("AKIAFLEET", secret),
      })
        .withPort(Number(port))
        .withCertificateAuthority(local.caPem)
        .build();
      const device = new mqtt5.Mqtt5Client(config);
      const outcome = new Promise<boolean>((resolve) => {
        device.once(mqtt5.Mqtt5Client.CONNECTION_SUCCESS, () => resolve(true));
        device.once(mqtt5.Mqtt5Client.CONNECTION_FAILURE, () => resolve(false));
      });
      device.start();
      const connected = await outcome;
      const stopped = once(device, mqtt5.Mqtt5Client.STOPPED);
      device.stop();
      await stopped;
      device.close();
      return connected;
    };
    expect(await connects("secret")).toBe(true);
    expect(await connects("guessed")).toBe(false);
  });
});
