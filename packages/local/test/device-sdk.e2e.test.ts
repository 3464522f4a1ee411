import { once } from "node:events";
import { CreateJobCommand, DescribeJobCommand, IoTClient, SearchIndexCommand } from "@aws-sdk/client-iot";
import { iot, iotjobs, iotshadow, mqtt, type mqtt_request_response, mqtt5 } from "aws-iot-device-sdk-v2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Local, type ProvisionedThing, startLocal } from "../src/index.js";
import { connectMqtt311 } from "./support/device-sdk.js";

// AWS's own device SDK with its defaults, over mutual TLS, on both protocol versions.

interface Device {
  jobs: iotjobs.IotJobsClientv2;
  shadows: iotshadow.IotShadowClientv2;
  /** The first version of the client, which subscribes and publishes one by one. */
  oldShadows: iotshadow.IotShadowClient;
  stop(): Promise<void>;
}

const LIMITS = {
  maxRequestResponseSubscriptions: 6,
  maxStreamingSubscriptions: 2,
  operationTimeoutInSeconds: 10,
};

async function overMqtt5(local: Local, thing: ProvisionedThing): Promise<Device> {
  const { hostname, port } = new URL(local.mqtts);
  const config = iot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromMemory(
    hostname,
    thing.certificatePem,
    thing.privateKeyPem,
  )
    .withPort(Number(port))
    .withCertificateAuthority(local.caPem)
    .withConnectProperties({ clientId: thing.thingName, keepAliveIntervalSeconds: 1200 })
    .build();
  const client = new mqtt5.Mqtt5Client(config);
  const connected = once(client, mqtt5.Mqtt5Client.CONNECTION_SUCCESS);
  client.start();
  await connected;
  const jobs = iotjobs.IotJobsClientv2.newFromMqtt5(client, LIMITS);
  const shadows = iotshadow.IotShadowClientv2.newFromMqtt5(client, LIMITS);
  return {
    jobs,
    shadows,
    oldShadows: iotshadow.IotShadowClient.newFromMqtt5Client(client),
    stop: async () => {
      jobs.close();
      shadows.close();
      const stopped = once(client, mqtt5.Mqtt5Client.STOPPED);
      client.stop();
      await stopped;
      client.close();
    },
  };
}

async function overMqtt311(local: Local, thing: ProvisionedThing): Promise<Device> {
  const connection = await connectMqtt311(local, thing.thingName, thing);
  const jobs = iotjobs.IotJobsClientv2.newFromMqtt311(connection, LIMITS);
  const shadows = iotshadow.IotShadowClientv2.newFromMqtt311(connection, LIMITS);
  return {
    jobs,
    shadows,
    oldShadows: new iotshadow.IotShadowClient(connection),
    stop: async () => {
      jobs.close();
      shadows.close();
      await connection.disconnect();
    },
  };
}

/** Collects all messages of a stream, after its subscription is established. */
async function collect<T>(stream: mqtt_request_response.StreamingOperation<T>): Promise<T[]> {
  const messages: T[] = [];
  stream.on("incomingPublish", ({ message }) => messages.push(message));
  const subscribed = once(stream, "subscriptionStatus");
  stream.open();
  expect((await subscribed)[0]).toMatchObject({ type: 0 }); // SubscriptionEstablished, not exported as a value
  return messages;
}

describe.each([
  { version: "MQTT 5", connect: overMqtt5 },
  { version: "MQTT 3.1.1", connect: overMqtt311 },
])("AWS's device SDK on $version", ({ connect }) => {
  let local: Local;
  let cloud: IoTClient;
  let device: Device;

  beforeAll(async () => {
    local = await startLocal();
    cloud = new IoTClient({
      endpoint: local.endpoint,
      region: local.region,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
    device = await connect(local, await local.provisionThing("t1"));
  });

  afterAll(async () => {
    await device.stop();
    cloud.destroy();
    await local.stop();
  });

  test("runs a job from QUEUED to SUCCEEDED", async () => {
    const thingName = "t1";
    const notify = await collect(device.jobs.createJobExecutionsChangedStream({ thingName }));
    const notifyNext = await collect(device.jobs.createNextJobExecutionChangedStream({ thingName }));
    const idle = await device.jobs.getPendingJobExecutions({ thingName });
    expect(idle).toMatchObject({ inProgressJobs: [], queuedJobs: [] });

    const document = { operation: "fota", bc_idx: 1 };
    const thingArn = `arn:aws:iot:${local.region}:000000000000:thing/t1`;
    await cloud.send(
      new CreateJobCommand({ jobId: "fw-1", targets: [thingArn], document: JSON.stringify(document) }),
    );
    await expect.poll(() => [notify.length, notifyNext.length]).toEqual([1, 1]);
    expect(notify[0]?.jobs).toMatchObject({ QUEUED: [{ jobId: "fw-1", versionNumber: 1 }] });
    expect(notifyNext[0]?.execution).toMatchObject({
      jobId: "fw-1",
      status: "QUEUED",
      jobDocument: document,
    });

    const started = await device.jobs.startNextPendingJobExecution({ thingName });
    expect(started.execution).toMatchObject({
      jobId: "fw-1",
      status: "IN_PROGRESS",
      versionNumber: 2,
      jobDocument: document,
    });
    await device.jobs.updateJobExecution({
      thingName,
      jobId: "fw-1",
      status: iotjobs.model.JobStatus.IN_PROGRESS,
      statusDetails: { progress: "50" },
      expectedVersion: 2,
    });
    const described = await device.jobs.describeJobExecution({ thingName, jobId: "fw-1" });
    expect(described.execution).toMatchObject({ status: "IN_PROGRESS", statusDetails: { progress: "50" } });
    expect(notify).toHaveLength(1);
    await device.jobs.updateJobExecution({
      thingName,
      jobId: "fw-1",
      status: iotjobs.model.JobStatus.SUCCEEDED,
    });

    await expect.poll(() => [notify.length, notifyNext.length]).toEqual([2, 2]);
    expect(notify[1]?.jobs).toEqual({});
    expect(notifyNext[1]).toEqual({ timestamp: expect.any(Number) });
    expect(await device.jobs.getPendingJobExecutions({ thingName })).toMatchObject({
      inProgressJobs: [],
      queuedJobs: [],
    });
    const { job } = await cloud.send(new DescribeJobCommand({ jobId: "fw-1" }));
    expect(job).toMatchObject({ status: "COMPLETED", jobProcessDetails: { numberOfSucceededThings: 1 } });
  });

  test("reports to a named shadow, and gets what is desired", async () => {
    const which = { thingName: "t1", shadowName: "fota" };
    const deltas = await collect(device.shadows.createNamedShadowDeltaUpdatedStream(which));
    const documents = await collect(device.shadows.createNamedShadowUpdatedStream(which));
    await expect(device.shadows.getNamedShadow(which)).rejects.toMatchObject({
      modeledError: { code: 404, message: "No shadow exists with name: 't1~fota'" },
    });
    const reported = await device.shadows.updateNamedShadow({
      ...which,
      state: { reported: { version: "1.0" } },
    });
    expect(reported).toMatchObject({ version: 1, state: { reported: { version: "1.0" } } });
    await device.shadows.updateNamedShadow({ ...which, state: { desired: { version: "2.0" } }, version: 1 });
    await expect.poll(() => [deltas.length, documents.length]).toEqual([1, 2]);
    expect(deltas[0]).toMatchObject({ version: 2, state: { version: "2.0" } });
    expect(documents[0]).not.toHaveProperty("previous");
    expect(documents[1]).toMatchObject({ previous: { version: 1 }, current: { version: 2 } });
    const stale = device.shadows.updateNamedShadow({ ...which, state: { desired: {} }, version: 1 });
    await expect(stale).rejects.toMatchObject({ modeledError: { code: 409, message: "Version conflict" } });
    expect(await device.shadows.getNamedShadow(which)).toMatchObject({
      version: 2,
      state: { desired: { version: "2.0" }, reported: { version: "1.0" }, delta: { version: "2.0" } },
      timestamp: expect.any(Number),
    });
    expect(await device.shadows.deleteNamedShadow(which)).toMatchObject({ version: 2 });
  });

  test("uses the classic shadow with the first version of its client", async () => {
    const { oldShadows } = device;
    const thingName = "t1";
    const { AtLeastOnce } = mqtt.QoS;
    const heard: unknown[] = [];
    const hear = (name: string) => (error: unknown, message: unknown) =>
      void heard.push([name, error ?? message]);
    await oldShadows.subscribeToGetShadowRejected({ thingName }, AtLeastOnce, hear("get rejected"));
    await oldShadows.subscribeToUpdateShadowAccepted({ thingName }, AtLeastOnce, hear("update accepted"));
    await oldShadows.subscribeToShadowDeltaUpdatedEvents({ thingName }, AtLeastOnce, hear("delta"));
    await oldShadows.subscribeToDeleteShadowAccepted({ thingName }, AtLeastOnce, hear("delete accepted"));
    await oldShadows.publishGetShadow({ thingName, clientToken: "one" }, AtLeastOnce);
    await expect.poll(() => heard).toHaveLength(1);
    const desired = { color: "red" };
    await oldShadows.publishUpdateShadow({ thingName, state: { desired }, clientToken: "two" }, AtLeastOnce);
    await expect.poll(() => heard).toHaveLength(3);
    await oldShadows.publishDeleteShadow({ thingName }, AtLeastOnce);
    await expect.poll(() => heard).toHaveLength(4);
    expect(heard).toMatchObject([
      ["get rejected", { code: 404, message: "No shadow exists with name: 't1'", clientToken: "one" }],
      ["update accepted", { version: 1, state: { desired }, clientToken: "two" }],
      ["delta", { version: 1, state: desired }],
      ["delete accepted", { version: 1 }],
    ]);
  });

  test("is found by the shadows that both versions of its client update", async () => {
    const find = async (queryString: string) =>
      (await cloud.send(new SearchIndexCommand({ queryString }))).things?.map(({ thingName }) => thingName);
    const which = { thingName: "t1", shadowName: "fota" };
    await device.shadows.updateNamedShadow({ ...which, state: { reported: { version: "3.1" } } });
    expect(await find("shadow.name.fota.reported.version:3.*")).toEqual(["t1"]);
    const reported = { stats: { battery: 71 } };
    const update = { thingName: "t1", state: { reported } };
    await device.oldShadows.publishUpdateShadow(update, mqtt.QoS.AtLeastOnce);
    await expect.poll(() => find("shadow.reported.stats.battery:{70 TO 100}")).toEqual(["t1"]);
    await device.shadows.deleteNamedShadow(which);
    await device.shadows.deleteShadow({ thingName: "t1" });
    expect(await find("shadow.hasDelta:* OR shadow.name.fota.hasDelta:*")).toEqual([]);
  });

  test("gets the reason when a request is rejected", async () => {
    const refused = device.jobs.updateJobExecution({
      thingName: "t1",
      jobId: "no-such",
      status: iotjobs.model.JobStatus.SUCCEEDED,
    });
    await expect(refused).rejects.toMatchObject({ modeledError: { code: "ResourceNotFound" } });
  });
});
