import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  CreateJobCommand,
  DescribeJobExecutionCommand,
  DescribeThingCommand,
  IoTClient,
} from "@aws-sdk/client-iot";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { type Local, startLocal } from "@fota/local";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { readBootRecord } from "../src/boot/boot-record.js";
import { BootDevice, buildFotaBoot, type Launcher } from "./boot-device.js";

// The example firmware under the real launcher, with its certificate, against the stand-in; power is cut by kill -9
// of launcher and firmware.

const run = promisify(execFile);
const BUILD = join(import.meta.dirname, "../../../examples/simulated-device/build.mjs");

let tools: string;
let fotaBoot: string;
let local: Local;
let iot: IoTClient;
let s3: S3Client;
let device: BootDevice;
let thingName: string;
let launched: Launcher | undefined;

beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), "fota-stand-in-"));
  [fotaBoot, local] = await Promise.all([buildFotaBoot(tools), startLocal()]);
  await firmware("1.0.0");
  await firmware("2.0.0");
  await firmware("2.0.1", "--broken");
  const { endpoint, region } = local;
  const client = { endpoint, region, credentials: { accessKeyId: "test", secretAccessKey: "test" } };
  iot = new IoTClient(client);
  s3 = new S3Client({ ...client, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: "images" }));
});
afterAll(async () => {
  iot.destroy();
  s3.destroy();
  await local.stop();
  await rm(tools, { recursive: true });
});

beforeEach(async () => {
  device = await BootDevice.make(fotaBoot);
  thingName = `pump-${randomBytes(4).toString("hex")}`;
  const { certificatePem, privateKeyPem } = await local.provisionThing(thingName);
  const [cert, key] = [join(device.dir, "device.pem"), join(device.dir, "device.key")];
  await Promise.all([writeFile(cert, certificatePem), writeFile(key, privateKeyPem)]);
  const settings = { FOTA_THING: thingName, FOTA_MQTT_URL: local.mqtts, FOTA_POLL_MS: "100" };
  const paths = { FOTA_CERT: cert, FOTA_KEY: key, FOTA_CA: local.ca };
  for (const [name, value] of Object.entries({ ...settings, ...paths })) vi.stubEnv(name, value);
  expect(await device.launch("--install", join(tools, "1.0.0")).ended).toBe(0);
});
afterEach(async () => {
  if (launched !== undefined) await cutPower(launched);
  vi.unstubAllEnvs();
  await device.dispose();
});

async function firmware(version: string, ...flags: string[]): Promise<void> {
  await run(process.execPath, [BUILD, "--version", version, ...flags, "--out", join(tools, version)]);
}

/** Publishes as any tool could: image to S3, presigned URL into a job document. */
async function order(version: string): Promise<string> {
  const image = await readFile(join(tools, version));
  const jobId = `fw-${thingName}`;
  const object = { Bucket: "images", Key: jobId };
  await s3.send(new PutObjectCommand({ ...object, Body: image }));
  const document = {
    operation: "fota",
    bc_idx: 1,
    bc_crc: createHash("md5").update(image).digest("hex"),
    bc_size: image.length,
    bc_url: await getSignedUrl(s3, new GetObjectCommand(object)),
    bc_sha256: createHash("sha256").update(image).digest("hex"),
  };
  const { thingArn = "" } = await iot.send(new DescribeThingCommand({ thingName }));
  const job = { jobId, targets: [thingArn], document: JSON.stringify(document) };
  await iot.send(new CreateJobCommand(job));
  return jobId;
}

async function executionOf(jobId: string) {
  return (await iot.send(new DescribeJobExecutionCommand({ jobId, thingName }))).execution;
}

function launch(): Launcher {
  launched = device.launch();
  return launched;
}

/** As the plug does it: launcher and firmware are gone at once. */
async function cutPower(launcher: Launcher): Promise<void> {
  launched = undefined;
  const { pid, exitCode } = launcher.process;
  if (exitCode !== null) return;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  launcher.process.kill("SIGKILL");
  for (const child of children.split(" ").filter(Boolean)) process.kill(Number(child), "SIGKILL");
  await launcher.ended;
}

async function bootedSlot(): Promise<number | undefined> {
  return (await readBootRecord(device.dir))?.currentSlot;
}

test("an update ends SUCCEEDED on the new image, confirmed", async () => {
  const jobId = await order("2.0.0");
  const launcher = launch();
  await launcher.says(/reporting -> idle/);
  await launcher.says(/firmware 2\.0\.0 running from slot 1/);
  expect(await executionOf(jobId)).toMatchObject({ status: "SUCCEEDED", executionNumber: 1 });
  expect(await readBootRecord(device.dir)).toMatchObject({ currentSlot: 1, workingSlot: 1 });
});

test.each([
  ["while downloading", /starting -> downloading/],
  ["after verifying", /verifying -> installing/],
  ["when the trial is ordered", /installing -> trial/],
  ["when the trial boots", /slot 1 on trial/],
  ["while the trial runs", /firmware 2\.0\.0 running/],
  ["while confirming", /trial -> confirming/],
])("power cut %s: the device ends on one image and the job tells which", async (_when, line) => {
  const jobId = await order("2.0.0");
  const first = launch();
  await first.says(line);
  await cutPower(first);
  const again = launch();
  await again.says(/reporting -> idle/);
  const execution = await executionOf(jobId);
  const succeeded = execution?.status === "SUCCEEDED";
  expect(await bootedSlot()).toBe(succeeded ? 1 : 0);
  if (!succeeded) {
    expect(execution).toMatchObject({
      status: "FAILED",
      statusDetails: { detailsMap: { reason: "invalid fota" } },
    });
  }
});

test("an image that dies at boot ends FAILED, back on the old one, also when power is cut on trial", async () => {
  const jobId = await order("2.0.1");
  const first = launch();
  await first.says(/slot 1 on trial/);
  await cutPower(first);
  const again = launch();
  await again.says(/reporting -> idle/);
  expect(await executionOf(jobId)).toMatchObject({
    status: "FAILED",
    statusDetails: { detailsMap: { reason: "invalid fota" } },
  });
  await again.says(/firmware 1\.0\.0 running from slot 0/);
  expect(await bootedSlot()).toBe(0);
});
