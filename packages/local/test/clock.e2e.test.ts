/** A clock that a test moves: its effects on URLs and jobs. */
import { CreateJobCommand, DescribeJobExecutionCommand, IoTClient } from "@aws-sdk/client-iot";
import {
  IoTJobsDataPlaneClient,
  StartNextPendingJobExecutionCommand,
} from "@aws-sdk/client-iot-jobs-data-plane";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Local, type LocalOptions, manualClock, startLocal } from "../src/index.js";
import { rawGet } from "./raw-http.js";
import { connected } from "./support/raw-client.js";

let local: Local;
const clients: { destroy(): void }[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await local.stop();
});

async function start(options: LocalOptions) {
  local = await startLocal(options);
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  return { endpoint: local.endpoint, region: local.region, credentials, maxAttempts: 1 };
}

function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}

describe("a presigned URL", () => {
  async function presigned(): Promise<string> {
    const s3 = new S3Client(await start({ clock: manualClock(Date.UTC(2027, 0, 1)) }));
    clients.push(s3);
    await s3.send(new CreateBucketCommand({ Bucket: "firmware" }));
    const object = { Bucket: "firmware", Key: "app.bin" };
    await s3.send(new PutObjectCommand({ ...object, Body: "an image" }));
    const signingDate = new Date(local.clock.nowMs());
    return getSignedUrl(s3, new GetObjectCommand(object), { expiresIn: 600, signingDate });
  }

  test("works until its last second, then is refused with S3's elements", async () => {
    const url = await presigned();
    local.clock.advance(600_000);
    expect(await rawGet(url)).toMatchObject({ status: 200, text: "an image" });
    local.clock.advance(1);
    const { status, headers, text } = await rawGet(url);
    expect([status, headers["content-type"]]).toEqual([403, "application/xml"]);
    expect(text).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<Error><Code>AccessDenied<\/Code>/);
    expect(element(text, "Message")).toBe("Request has expired");
    expect(element(text, "X-Amz-Expires")).toBe("600");
    expect(element(text, "Expires")).toBe("2027-01-01T00:10:00Z");
    expect(element(text, "ServerTime")).toBe("2027-01-01T00:10:00Z");
    expect(element(text, "RequestId")).toBe(headers["x-amz-request-id"]);
    expect(element(text, "HostId")).toBe(headers["x-amz-id-2"]);
  });

  test("that was altered is refused for its signature, not for its expiry", async () => {
    const url = await presigned();
    const longer = url.replace("X-Amz-Expires=600", "X-Amz-Expires=60000");
    const other = url.replace("app.bin", "app2.bin");
    for (const altered of [longer, other, `${url}0`]) {
      const { status, text } = await rawGet(altered);
      expect([status, element(text, "Code")]).toEqual([403, "SignatureDoesNotMatch"]);
    }
    local.clock.advance(601_000);
    expect(element((await rawGet(longer)).text, "Code")).toBe("SignatureDoesNotMatch");
  });
});

test("a clock that jumps over several deadlines of Jobs fires each at its own time", async () => {
  const config = await start({ clock: manualClock() });
  const iot = new IoTClient(config);
  const data = new IoTJobsDataPlaneClient(config);
  clients.push(iot, data);
  const startMs = local.clock.nowMs();
  const endedMs = async (thingName: string) => {
    const { execution } = await iot.send(new DescribeJobExecutionCommand({ jobId: thingName, thingName }));
    return [execution?.status, Number(execution?.lastUpdatedAt) - startMs];
  };
  for (const [index, thingName] of ["t1", "t2", "t3"].entries()) {
    await local.provisionThing(thingName);
    const targets = [`arn:aws:iot:${local.region}:000000000000:thing/${thingName}`];
    await iot.send(new CreateJobCommand({ jobId: thingName, targets, document: "{}" }));
    const stepTimeoutInMinutes = index + 1;
    await data.send(new StartNextPendingJobExecutionCommand({ thingName, stepTimeoutInMinutes }));
  }
  local.clock.advance(10 * 60_000);
  expect([await endedMs("t1"), await endedMs("t2"), await endedMs("t3")]).toEqual([
    ["TIMED_OUT", 60_000],
    ["TIMED_OUT", 120_000],
    ["TIMED_OUT", 180_000],
  ]);
});

test("without a clock option the stand-in uses the system's time, which can be moved too", async () => {
  await start({});
  expect(Math.abs(local.clock.nowMs() - Date.now())).toBeLessThan(5_000);
  local.clock.advance(3_600_000);
  expect(local.clock.nowMs() - Date.now()).toBeGreaterThan(3_590_000);
});

describe("a jump of the system's time", () => {
  const HOUR_MS = 3_600_000;

  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  async function connectWithKeepAlive() {
    await start({});
    const client = await connected(Number(new URL(local.mqtt).port), 5, { keepalive: 60 });
    const isAnswered = async () => {
      client.send({ cmd: "pingreq" });
      return (await client.next()).cmd === "pingresp";
    };
    vi.advanceTimersByTime(60_000);
    expect(await isAnswered()).toBe(true);
    return { client, isAnswered };
  }

  test("forward does not end a connection whose client keeps it alive", async () => {
    const { client, isAnswered } = await connectWithKeepAlive();
    vi.setSystemTime(Date.now() + HOUR_MS);
    vi.advanceTimersByTime(89_999);
    expect(await isAnswered()).toBe(true);
    client.cut();
  });

  test("back does not keep a connection whose client is silent", async () => {
    const { client } = await connectWithKeepAlive();
    vi.setSystemTime(Date.now() - HOUR_MS);
    vi.advanceTimersByTime(90_000);
    expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x8d });
  });
});
