import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import {
  AttachPolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  DetachPolicyCommand,
  type IoTClient,
  UpdateCertificateCommand,
  UpdateThingCommand,
} from "@aws-sdk/client-iot";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Local, type LocalOptions, type ProvisionedThing, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";

// The effects of policies on devices over MQTT and HTTPS, with a certificate of the stand-in.

const ARN = "arn:aws:iot:us-east-1:000000000000:";
const OWN_JOBS = "$aws/things/${iot:Connection.Thing.ThingName}/jobs";

/** The device policy of AWS's own guide for Jobs over MQTT. */
const DEVICE_POLICY = [
  {
    Action: "iot:Connect",
    Resource: `${ARN}client/\${iot:Connection.Thing.ThingName}`,
    Condition: { Bool: { "iot:Connection.Thing.IsAttached": ["true"] } },
  },
  {
    Action: "iot:Publish",
    Resource: [`${ARN}topic/${OWN_JOBS}/get`, `${ARN}topic/${OWN_JOBS}/*/update`, `${ARN}topic/dt/*`],
  },
  { Action: "iot:Subscribe", Resource: [`${ARN}topicfilter/${OWN_JOBS}/*`, `${ARN}topicfilter/dt/*`] },
  { Action: "iot:Receive", Resource: `${ARN}topic/${OWN_JOBS}/*` },
];

let local: Local;
let iot: IoTClient;
let log: string[];
const clients: MqttClient[] = [];

async function start(options: LocalOptions = {}): Promise<void> {
  log = [];
  local = await startLocal({ log: (line) => log.push(line), ...options });
  iot = iotClientOf(local);
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  await local.stop();
});

function documentOf(statements: object[]): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: statements.map((each) => ({ Effect: "Allow", ...each })),
  });
}

function certificateArn({ certificateId }: ProvisionedThing): string {
  return `${ARN}cert/${certificateId}`;
}

async function thingWith(thingName: string, ...statements: object[]): Promise<ProvisionedThing> {
  const thing = await local.provisionThing(thingName);
  const policyName = `of-${thingName.replace(":", "-")}`;
  await iot.send(new CreatePolicyCommand({ policyName, policyDocument: documentOf(statements) }));
  await iot.send(new AttachPolicyCommand({ policyName, target: certificateArn(thing) }));
  return thing;
}

async function connect(thing: ProvisionedThing, options: IClientOptions = {}): Promise<MqttClient> {
  const client = await connectAsync(
    local.mqtts,
    {
      ca: local.caPem,
      cert: thing.certificatePem,
      key: thing.privateKeyPem,
      clientId: thing.thingName,
      reconnectPeriod: 0,
      ...options,
    },
    false,
  );
  clients.push(client);
  return client;
}

/** Resolves when the broker ends the connection, with its reason code if it gave one. */
function ended(client: MqttClient): Promise<number | undefined> {
  return new Promise((resolve) => {
    let reasonCode: number | undefined;
    client.once("disconnect", (packet) => {
      reasonCode = packet.reasonCode;
    });
    client.once("close", () => resolve(reasonCode));
    client.on("error", () => undefined);
  });
}

function nextMessage(client: MqttClient): Promise<{ topic: string; text: string }> {
  return new Promise((resolve) => {
    client.once("message", (topic, payload) => resolve({ topic, text: payload.toString() }));
  });
}

describe("a certificate with a policy", () => {
  beforeEach(() => start());

  test("connects as the thing it is attached to, and as no other", async () => {
    const thing = await thingWith("t1", ...DEVICE_POLICY);
    await local.provisionThing("t2");
    await connect(thing);
    await expect(connect(thing, { clientId: "t2" })).rejects.toMatchObject({ code: 5 });
    await expect(connect(thing, { clientId: "t2", protocolVersion: 5 })).rejects.toMatchObject({
      code: 0x87,
    });
    expect(log).toContainEqual(
      expect.stringContaining("iot:Connect on arn:aws:iot:us-east-1:000000000000:client/t2"),
    );
  });

  test.each([
    { protocolVersion: 4, reasonCode: undefined },
    { protocolVersion: 5, reasonCode: 0x87 },
  ] as const)("ends its connection by publishing elsewhere (level $protocolVersion)", async (level) => {
    const client = await connect(await thingWith("t1", ...DEVICE_POLICY), level);
    await client.publishAsync("$aws/things/t1/jobs/get", "{}", { qos: 1 });
    const end = ended(client);
    client.publish("$aws/things/t2/jobs/get", "{}");
    expect(await end).toBe(level.reasonCode);
  });

  test.each([
    { protocolVersion: 4, code: 0x80 },
    { protocolVersion: 5, code: 0x87 },
  ] as const)("is refused filters it may not have, one by one (level $protocolVersion)", async (level) => {
    const client = await connect(await thingWith("t1", ...DEVICE_POLICY), level);
    const filters = ["$aws/things/t1/jobs/+/get/accepted", "$aws/things/+/jobs/notify", "dt/#"];
    const answered = new Promise<unknown>((resolve) => {
      client.on("packetreceive", (packet) => {
        if (packet.cmd === "suback") resolve(packet.granted);
      });
    });
    client.subscribe(filters, { qos: 1 }, () => undefined);
    expect(await answered).toEqual([1, level.code, 1]);
    expect(client.connected).toBe(true);
  });

  test("gets no message that it may not receive, and the others after it", async () => {
    const client = await connect(await thingWith("t1", ...DEVICE_POLICY));
    await client.subscribeAsync(["dt/in", "$aws/things/t1/jobs/get/accepted"], { qos: 1 });
    const first = nextMessage(client);
    await client.publishAsync("dt/in", "not to be received", { qos: 1 });
    await client.publishAsync("$aws/things/t1/jobs/get", "{}", { qos: 1 });
    expect((await first).topic).toBe("$aws/things/t1/jobs/get/accepted");
    expect(log).toContainEqual(expect.stringContaining("iot:Receive on"));
  });

  test("retains only with iot:RetainPublish", async () => {
    const publish = { Action: ["iot:Connect", "iot:Publish"], Resource: "*" };
    const without = await connect(await thingWith("t1", publish));
    const end = ended(without);
    without.publish("dt/one", "1", { retain: true });
    await end;
    const withIt = await connect(
      await thingWith("t2", publish, { Action: "iot:RetainPublish", Resource: "*" }),
    );
    await withIt.publishAsync("dt/one", "1", { retain: true, qos: 1 });
  });

  test("leaves no last will where it may not publish", async () => {
    const watcher = await connectAsync(local.mqtt, { reconnectPeriod: 0, clientId: "watcher" });
    clients.push(watcher);
    await watcher.subscribeAsync("will/#", { qos: 1 });
    const first = nextMessage(watcher);
    const statements = [
      { Action: "iot:Connect", Resource: "*" },
      { Action: "iot:Publish", Resource: `${ARN}topic/will/allowed` },
    ];
    const thing = await thingWith("t1", ...statements);
    for (const topic of ["will/other", "will/allowed"]) {
      const client = await connect(thing, {
        will: { topic, payload: Buffer.from("gone"), qos: 1, retain: false },
      });
      const end = ended(client);
      client.stream.destroy();
      await end;
    }
    expect((await first).topic).toBe("will/allowed");
  });

  test("is held to what the policy and the thing say now, not at CONNECT", async () => {
    const site = "${iot:Connection.Thing.Attributes[site]}";
    const connectAndPublish = [
      { Action: "iot:Connect", Resource: "*" },
      { Action: "iot:Publish", Resource: `${ARN}topic/${site}/out` },
    ];
    const thing = await thingWith("t1", ...connectAndPublish);
    const moveTo = (name: string) =>
      iot.send(new UpdateThingCommand({ thingName: "t1", attributePayload: { attributes: { site: name } } }));
    await moveTo("milan");
    const client = await connect(thing);
    await client.publishAsync("milan/out", "1", { qos: 1 });
    await moveTo("rome");
    await client.publishAsync("rome/out", "1", { qos: 1 });
    await iot.send(
      new CreatePolicyVersionCommand({
        policyName: "of-t1",
        policyDocument: documentOf(connectAndPublish.slice(0, 1)),
        setAsDefault: true,
      }),
    );
    const end = ended(client);
    client.publish("rome/out", "2");
    await end;
  });

  test("asks iot-jobs-data for its own thing by its own actions", async () => {
    const thing = await thingWith("t1", {
      Action: ["iotjobsdata:GetPendingJobExecutions"],
      Resource: `${ARN}thing/t1`,
    });
    await local.provisionThing("t2");
    const get = async (path: string) => {
      const request = httpsRequest(`${local.https}${path}`, {
        ca: local.caPem,
        cert: thing.certificatePem,
        key: thing.privateKeyPem,
      });
      request.end();
      const [response] = await once(request, "response");
      response.resume();
      await once(response, "end");
      return [response.statusCode, response.headers["x-amzn-errortype"]];
    };
    expect(await get("/things/t1/jobs")).toEqual([200, undefined]);
    expect(await get("/things/t2/jobs")).toEqual([403, "ForbiddenException"]);
    expect(await get("/things/t1/jobs/$next")).toEqual([403, "ForbiddenException"]);
  });
});

describe("a certificate variable", () => {
  test("stands for what is in the certificate", async () => {
    await start();
    const thing = await thingWith(
      "t1",
      { Action: "iot:Connect", Resource: "*" },
      { Action: "iot:Publish", Resource: `${ARN}topic/dt/\${iot:Certificate.Subject.CommonName}` },
      { Action: "iot:Publish", Resource: `${ARN}topic/id/\${iot:CertificateId}` },
    );
    const client = await connect(thing);
    await client.publishAsync("dt/AWS IoT Certificate", "1", { qos: 1 });
    await client.publishAsync(`id/${thing.certificateId}`, "1", { qos: 1 });
    const end = ended(client);
    client.publish("dt/another", "1");
    await end;
  });
});

describe("a certificate that is switched off", () => {
  test.each([
    { protocolVersion: 4, reasonCode: undefined },
    { protocolVersion: 5, reasonCode: 0x87 },
  ] as const)("loses its open connection (level $protocolVersion)", async (level) => {
    await start();
    const thing = await local.provisionThing("t1");
    const other = await connect(await local.provisionThing("t2"));
    const client = await connect(thing, level);
    const end = ended(client);
    const { certificateId } = thing;
    await iot.send(new UpdateCertificateCommand({ certificateId, newStatus: "INACTIVE" }));
    expect(await end).toBe(level.reasonCode);
    await other.publishAsync("dt/one", "1", { qos: 1 });
  });
});

describe("without a policy", () => {
  test("a certificate speaks for any thing, and plain MQTT needs none", async () => {
    await start();
    const client = await connect(await local.provisionThing("t1"), { clientId: "any" });
    await client.publishAsync("$aws/things/t2/jobs/get", "{}", { qos: 1 });
    const plain = await connectAsync(local.mqtt, { reconnectPeriod: 0 });
    clients.push(plain);
    await plain.publishAsync("$aws/things/t2/jobs/get", "{}", { qos: 1 });
  });

  test("strict refuses both", async () => {
    await start({ strict: true });
    const thing = await local.provisionThing("t1");
    await expect(connect(thing)).rejects.toMatchObject({ code: 5 });
    await expect(connectAsync(local.mqtt, { reconnectPeriod: 0 }, false)).rejects.toMatchObject({ code: 5 });
    const allowed = await thingWith("t2", { Action: "iot:*", Resource: "*" });
    const client = await connect(allowed);
    await iot.send(new DetachPolicyCommand({ policyName: "of-t2", target: certificateArn(allowed) }));
    const end = ended(client);
    client.publish("dt/one", "1");
    await end;
  });
});

test("AWS's policy for a device lets it do its jobs, wildcards in filters and all, in strict mode", async () => {
  await start({ strict: true });
  const client = await connect(await thingWith("fleet:1", ...DEVICE_POLICY), { protocolVersion: 5 });
  await client.subscribeAsync(["$aws/things/fleet:1/jobs/get/+", "$aws/things/fleet:1/jobs/notify"], {
    qos: 1,
  });
  const answer = nextMessage(client);
  await client.publishAsync("$aws/things/fleet:1/jobs/get", '{"clientToken":"c1"}', { qos: 1 });
  const { topic, text } = await answer;
  expect(topic).toBe("$aws/things/fleet:1/jobs/get/accepted");
  expect(JSON.parse(text)).toMatchObject({ clientToken: "c1", queuedJobs: [] });
});
