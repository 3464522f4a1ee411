import { once } from "node:events";
import { access, mkdtemp, readdir, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateJobCommand, CreateThingCommand, type IoTClient, ListThingsCommand } from "@aws-sdk/client-iot";
import { connectAsync } from "mqtt";
import { afterEach, describe, expect, test } from "vitest";
import { keptPort } from "../../shared/test/kept-port.js";
import { type Local, type LocalOptions, startLocal } from "../src/index.js";
import { iotClientOf } from "./support/iot-client.js";

const running: Local[] = [];
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((local) => local.stop()));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

async function start(options: LocalOptions = {}): Promise<Local> {
  const local = await startLocal(options);
  running.push(local);
  return local;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fota-local-test-"));
  folders.push(folder);
  return folder;
}

function iotClient(local: Local): IoTClient {
  return iotClientOf(local);
}

async function thingNames(local: Local): Promise<(string | undefined)[]> {
  const { things = [] } = await iotClient(local).send(new ListThingsCommand({}));
  return things.map((thing) => thing.thingName);
}

test("several run side by side, each with its own state", async () => {
  const [one, two] = await Promise.all([start(), start()]);
  await iotClient(one).send(new CreateThingCommand({ thingName: "only-in-one" }));
  expect(await thingNames(one)).toEqual(["only-in-one"]);
  expect(await thingNames(two)).toEqual([]);
});

test("GET /_fota/info returns all addresses", async () => {
  const local = await start({ region: "eu-central-1" });
  const info = await (await fetch(`${local.endpoint}/_fota/info`)).json();
  expect(info).toEqual({
    endpoint: local.endpoint,
    https: local.https,
    mqtt: local.mqtt,
    mqtts: local.mqtts,
    ca: local.ca,
    region: "eu-central-1",
  });
  expect(local.info()).toEqual(info);
  expect(local.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  await access(local.ca);
});

describe("stop", () => {
  test("closes every port and connection and removes the temp folder", async () => {
    const local = await startLocal();
    const { port } = new URL(local.endpoint);
    const idle = connect(Number(port), "127.0.0.1");
    await once(idle, "connect");
    const device = await connectAsync(local.mqtt, { reconnectPeriod: 0, clientId: "t1" });
    const dropped = new Promise<void>((resolve) => device.once("close", resolve));
    const gone = Promise.all([once(idle, "close"), dropped]);
    await local.stop();
    await gone;
    await device.endAsync(true);
    await expect(access(local.ca)).rejects.toThrow("ENOENT");
    for (const url of [local.endpoint, local.https, local.mqtt, local.mqtts]) {
      const socket = connect(Number(new URL(url).port), "127.0.0.1");
      const [error] = await once(socket, "error");
      expect(error).toMatchObject({ code: "ECONNREFUSED" });
    }
  });

  test("may be called twice", async () => {
    const local = await startLocal();
    await local.stop();
    await local.stop();
  });
});

describe("a port in use", () => {
  test.each(["port", "httpsPort", "mqttPort", "mqttsPort"] as const)(
    "%s: says so and leaves nothing",
    async (name) => {
      const port = await keptPort();
      const holder = createServer().listen(port, "127.0.0.1");
      await once(holder, "listening");
      const dir = await temporaryFolder();
      await expect(startLocal({ dir, [name]: port })).rejects.toMatchObject({
        name: "FotaError",
        code: "PORT_IN_USE",
        message: `port ${port} on 127.0.0.1 is in use`,
        hint: expect.stringContaining("another port"),
      });
      holder.close();
      await once(holder, "close");
      await start({ dir, [name]: port });
    },
  );
});

describe("with a folder", () => {
  test("things, certificates and the CA survive a restart", async () => {
    const dir = await temporaryFolder();
    const first = await startLocal({ dir });
    const thing = await first.provisionThing("t1");
    await first.stop();

    const second = await start({ dir });
    expect(second.info().dir).toBe(dir);
    expect(second.caPem).toBe(first.caPem);
    expect(await thingNames(second)).toEqual(["t1"]);
    const device = await connectAsync(second.mqtts, {
      cert: thing.certificatePem,
      key: thing.privateKeyPem,
      ca: second.caPem,
      reconnectPeriod: 0,
    });
    await device.endAsync();
    const names = (await readdir(dir)).filter((name) => !name.startsWith(".lock-")); // the lock while it runs
    expect(names.sort()).toEqual(["ca", "folder.json", "mqtt", "s3", "world"]);
  });

  test("an answer arrives before the notifications of the same request", async () => {
    const local = await start({ dir: await temporaryFolder() });
    await local.provisionThing("t1");
    const device = await connectAsync(local.mqtt, { reconnectPeriod: 0, clientId: "t1" });
    const topics: string[] = [];
    device.on("message", (topic) => topics.push(topic.replace("$aws/things/t1/jobs/", "")));
    await device.subscribeAsync("$aws/things/t1/jobs/#", { qos: 1 });
    const targets = [`arn:aws:iot:${local.region}:000000000000:thing/t1`];
    await iotClient(local).send(new CreateJobCommand({ jobId: "j1", targets, document: "{}" }));
    await expect.poll(() => [...topics].sort()).toEqual(["notify", "notify-next"]);
    topics.length = 0;
    await device.publishAsync("$aws/things/t1/jobs/start-next", "{}", { qos: 1 });
    await device.publishAsync("$aws/things/t1/jobs/j1/update", '{"status":"SUCCEEDED"}', { qos: 1 });
    await expect
      .poll(() => topics)
      .toEqual(["start-next/accepted", "j1/update/accepted", "notify", "notify-next"]);
    await device.endAsync();
  });
});

describe("the one endpoint", () => {
  test("refuses unsupported services and protocols with the reason", async () => {
    const local = await start();
    const scope = "Credential=test/20261124/us-east-1/iam/aws4_request";
    const authorization = `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=00`;
    const response = await fetch(local.endpoint, { method: "POST", headers: { authorization } });
    expect(response.status).toBe(501);
    expect(await response.json()).toEqual({
      message:
        "fota local does not support the service iam, only iot, iot-credentials, iot-data, iot-jobs-data, s3, sts",
    });
    expect((await fetch(`${local.endpoint}/_fota/nothing`)).status).toBe(404);
    expect((await fetch(`${local.endpoint}/_fota/info`, { method: "POST" })).status).toBe(405);
  });

  test("supports GetCallerIdentity of STS, and nothing else of it", async () => {
    const local = await start();
    const scope = "Credential=test/20261124/us-east-1/sts/aws4_request";
    const authorization = `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=00`;
    const ask = (action: string) =>
      fetch(local.endpoint, {
        method: "POST",
        headers: { authorization, "content-type": "application/x-www-form-urlencoded" },
        body: `Action=${action}&Version=2011-06-15`,
      });
    const identity = await ask("GetCallerIdentity");
    expect(identity.status).toBe(200);
    expect(await identity.text()).toContain(
      "<Arn>arn:aws:iam::000000000000:root</Arn><UserId>000000000000</UserId><Account>000000000000</Account>",
    );
    const role = await ask("AssumeRole");
    expect(role.status).toBe(400);
    expect(await role.text()).toContain(
      "<Code>InvalidAction</Code><Message>fota local does not support AssumeRole",
    );
  });

  test("sends requests of no other service to S3", async () => {
    const local = await start();
    const response = await fetch(`${local.endpoint}/no-such-bucket/app.bin`);
    expect(response.headers.get("server")).toBe("AmazonS3");
  });
});
