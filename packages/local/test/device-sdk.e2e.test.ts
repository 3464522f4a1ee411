import { once } from "node:events";
import { CreateJobCommand, DescribeJobCommand, IoTClient } from "@aws-sdk/client-iot";
import { iot, iotjobs, mqtt, type mqtt_request_response, mqtt5 } from "aws-iot-device-sdk-v2";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Local, type ProvisionedThing, startLocal } from "../src/index.js";

// AWS's own device SDK with its defaults, over mutual TLS, on both protocol versions.

interface Device {
  jobs: iotjobs.IotJobsClientv2;
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
  return {
    jobs,
    stop: async () => {
      jobs.close();
      const stopped = once(client, mqtt5.Mqtt5Client.STOPPED);
      client.stop();
      await stopped;
      client.close();
    },
  };
}

async function overMqtt311(local: Local, thing: ProvisionedThing): Promise<Device> {
  const { hostname, port } = new URL(local.mqtts);
  const config = iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder(
    thing.certificatePem,
    thing.privateKeyPem,
  )
    .with_endpoint(hostname)
    .with_port(Number(port))
    .with_certificate_authority(local.caPem)
    .with_client_id(thing.thingName)
    .build();
  const connection = new mqtt.MqttClient().new_connection(config);
  await connection.connect();
  const jobs = iotjobs.IotJobsClientv2.newFromMqtt311(connection, LIMITS);
  return {
    jobs,
    stop: async () => {
      jobs.close();
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

  beforeEach(async () => {
    local = await startLocal();
    cloud = new IoTClient({
      endpoint: local.endpoint,
      region: local.region,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
    device = await connect(local, await local.provisionThing("t1"));
  });

  afterEach(async () => {
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

  test("gets the reason when a request is rejected", async () => {
    const refused = device.jobs.updateJobExecution({
      thingName: "t1",
      jobId: "no-such",
      status: iotjobs.model.JobStatus.SUCCEEDED,
    });
    await expect(refused).rejects.toMatchObject({ modeledError: { code: "ResourceNotFound" } });
  });
});
