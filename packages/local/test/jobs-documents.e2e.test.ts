/** Job documents with placeholders for S3 objects, and job documents that are read from S3. */
import * as control from "@aws-sdk/client-iot";
import * as data from "@aws-sdk/client-iot-jobs-data-plane";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { connectAsync, type MqttClient } from "mqtt";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Local, manualClock, startLocal } from "../src/index.js";

const roleArn = "arn:aws:iam::000000000000:role/fota";
let local: Local;
let iot: control.IoTClient;
let device: data.IoTJobsDataPlaneClient;
let s3: S3Client;
let mqtt: MqttClient | undefined;
const clock = manualClock();

async function start(options: { publicS3Url?: string } = {}): Promise<void> {
  local = await startLocal({ clock, ...options });
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const config = { endpoint: local.endpoint, region: local.region, credentials, maxAttempts: 1 };
  iot = new control.IoTClient(config);
  device = new data.IoTJobsDataPlaneClient(config);
  s3 = new S3Client({ ...config, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: "firmware" }));
  await iot.send(new control.CreateThingCommand({ thingName: "t1" }));
}

const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket: "firmware", Key, Body }));
const createJob = (jobId: string, more: Partial<control.CreateJobCommandInput>) =>
  iot.send(
    new control.CreateJobCommand({
      jobId,
      targets: [`arn:aws:iot:${local.region}:000000000000:thing/t1`],
      ...more,
    }),
  );

beforeEach(() => {
  mqtt = undefined;
});
afterEach(async () => {
  await mqtt?.endAsync(true);
  for (const client of [iot, device, s3]) client.destroy();
  await local.stop();
});

test("a placeholder is a new URL at each request of a device, and unchanged for the control plane", async () => {
  await start();
  await put("app v2.bin", "image");
  mqtt = await connectAsync(local.mqtt, { clientId: "t1", reconnectPeriod: 0 });
  const heard = new Map<string, Record<string, { jobDocument: { bc_url: string } }>>();
  mqtt.on("message", (topic, payload) => heard.set(topic, JSON.parse(payload.toString())));
  await mqtt.subscribeAsync("$aws/things/t1/jobs/notify-next", { qos: 1 });
  const document =
    '{"bc_url":"${aws:iot:s3-presigned-url-v2:https://s3.us-east-1.amazonaws.com/firmware/app%20v2.bin}"}';
  await createJob("j1", { document, presignedUrlConfig: { roleArn, expiresInSec: 60 } });

  const urlOverHttp = async () => {
    const describe = new data.DescribeJobExecutionCommand({ thingName: "t1", jobId: "j1" });
    const { execution } = await device.send(describe);
    return JSON.parse(execution?.jobDocument ?? "{}").bc_url as string;
  };
  await expect.poll(() => heard.size).toBe(1);
  const announced = heard.get("$aws/things/t1/jobs/notify-next")?.["execution"]?.jobDocument.bc_url ?? "";
  expect(await (await fetch(announced)).text()).toBe("image");
  const first = await urlOverHttp();
  expect(new URL(first).searchParams.get("X-Amz-Expires")).toBe("60");

  clock.advance(61_000);
  expect((await fetch(first)).status).toBe(403);
  expect(await (await fetch(await urlOverHttp())).text()).toBe("image");
  await mqtt.publishAsync("$aws/things/t1/jobs/start-next", "{}", { qos: 1 });
  await expect.poll(() => heard.has("$aws/things/t1/jobs/start-next/accepted")).toBe(true);
  const started =
    heard.get("$aws/things/t1/jobs/start-next/accepted")?.["execution"]?.jobDocument.bc_url ?? "";
  expect(await (await fetch(started)).text()).toBe("image");

  expect(await iot.send(new control.GetJobDocumentCommand({ jobId: "j1" }))).toMatchObject({ document });
  await expect(createJob("j2", { document })).rejects.toThrow("presignedUrlConfig.roleArn is required");
});

test("URLs have the address at which devices reach S3", async () => {
  await start({ publicS3Url: "https://s3.lab.example:8443" });
  const document = '{"bc_url":"${aws:iot:s3-presigned-url:https://firmware.s3.amazonaws.com/a.bin}"}';
  await createJob("j1", { document, presignedUrlConfig: { roleArn } });
  const next = new data.StartNextPendingJobExecutionCommand({ thingName: "t1" });
  await expect
    .poll(async () => (await device.send(next)).execution?.jobDocument)
    .toMatch(/^\{"bc_url":"https:\/\/s3\.lab\.example:8443\/firmware\/a\.bin\?X-Amz-Algorithm=/);
});

test("a document source is read once, when the job is created", async () => {
  await start();
  await put("orders/one.json", '{"a":1}');
  await put("orders/wrong.json", "{");
  await put("orders/long.json", JSON.stringify("x".repeat(40_000)));
  const documentSource = "https://s3.us-east-1.amazonaws.com/firmware/orders/one.json";
  await createJob("j1", { documentSource });
  await put("orders/one.json", '{"a":2}');
  expect(await iot.send(new control.GetJobDocumentCommand({ jobId: "j1" }))).toMatchObject({
    document: '{"a":1}',
  });
  expect(await iot.send(new control.DescribeJobCommand({ jobId: "j1" }))).toMatchObject({ documentSource });
  const from = (key: string) =>
    createJob("j2", { documentSource: `https://firmware.s3.us-east-1.amazonaws.com/orders/${key}` });
  await expect(from("none.json")).rejects.toThrow("s3://firmware/orders/none.json cannot be read: NoSuchKey");
  await expect(from("wrong.json")).rejects.toThrow("is not JSON");
  await expect(from("long.json")).rejects.toThrow("40002 bytes");
  await expect(createJob("j2", { documentSource, document: "{}" })).rejects.toThrow("only one of them");
  await expect(createJob("j2", { documentSource: "https://example.com/x" })).rejects.toThrow(
    "URL of an object",
  );
});
