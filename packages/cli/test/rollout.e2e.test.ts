import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateJobCommand,
  CreateThingCommand,
  DescribeJobCommand,
  IoTClient,
  ListTagsForResourceCommand,
} from "@aws-sdk/client-iot";
import { CreateBucketCommand, GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { type Local, startLocal } from "@fota/local";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type PublishOptions, publish } from "../src/index.js";

const BUCKET = "fw-releases";
const credentials = { accessKeyId: "test", secretAccessKey: "test" };

let folder: string;
let local: Local;
let iot: IoTClient;
let s3: S3Client;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-rollout-"));
  local = await startLocal();
  const common = { endpoint: local.endpoint, region: local.region, credentials };
  iot = new IoTClient(common);
  s3 = new S3Client({ ...common, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  for (let i = 0; i < 105; i += 1) await iot.send(new CreateThingCommand({ thingName: `pump-${i}` }));
  await image("app.bin", randomBytes(5_000));
});
afterAll(async () => {
  for (const client of [iot, s3]) client.destroy();
  await local.stop();
  await rm(folder, { recursive: true });
});

async function image(name: string, bytes: Buffer): Promise<Buffer> {
  await writeFile(join(folder, name), bytes);
  return bytes;
}

async function run(options: Partial<PublishOptions>) {
  const least = { images: ["app.bin"], slot: 1, to: ["pump-0"], bucket: BUCKET };
  return await publish({ ...least, cwd: folder, local: true, endpointUrl: local.endpoint, ...options });
}

/** The job document as the thing gets it over HTTP. */
async function documentOnDevice(thing: string, jobId: string) {
  const scope = "20261124/us-east-1/iot-jobs-data/aws4_request";
  const authorization = `AWS4-HMAC-SHA256 Credential=test/${scope}, SignedHeaders=host, Signature=0`;
  const url = `${local.endpoint}/things/${thing}/jobs/${jobId}?includeJobDocument=true`;
  const { execution } = await (await fetch(url, { headers: { authorization } })).json();
  return JSON.parse(execution.jobDocument);
}

const md5 = (bytes: Buffer) => createHash("md5").update(bytes).digest("hex");

test("several images are one job: the legacy keys for one slot, bc_alt for the others", async () => {
  const [zero, one] = [await image("a.bin", randomBytes(3_000)), await image("b.bin", randomBytes(4_000))];
  const { document, images } = await run({ images: ["0=a.bin", "1=b.bin"], slot: 1 });
  expect(document).toMatchObject({
    bc_idx: 1,
    bc_crc: md5(one),
    bc_size: 4_000,
    bc_alt: [{ bc_idx: 0, bc_crc: md5(zero), bc_size: 3_000 }],
  });
  expect(images.map(({ slot }) => slot)).toEqual([1, 0]);
  const [alternative] = document.bc_alt ?? [];
  const response = await fetch(alternative?.bc_url ?? "");
  expect(Buffer.from(await response.arrayBuffer())).toEqual(zero);
});

test("the JSON of ztc link is published as the bytecode in it", async () => {
  const bytecode = randomBytes(2_000);
  await writeFile(
    join(folder, "app.json"),
    JSON.stringify({ bcbin: bytecode.toString("base64"), bc_idx: 1 }),
  );
  const { slot: _none, ...without } = { slot: 1, images: ["app.json"] };
  const { document, images } = await publish({
    ...without,
    to: ["pump-1"],
    bucket: BUCKET,
    cwd: folder,
    local: true,
    endpointUrl: local.endpoint,
  });
  expect(document).toMatchObject({ bc_idx: 1, bc_crc: md5(bytecode), bc_size: 2_000 });
  const [{ key } = { key: "" }] = images;
  const object = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
  expect(Buffer.from((await object.Body?.transformToByteArray()) ?? [])).toEqual(bytecode);
});

test("a device gets a URL that AWS IoT presigns when it asks, in place of the placeholder", async () => {
  const arn = "arn:aws:iam::000000000000:role/fota";
  const warnings: string[] = [];
  const options = { to: ["pump-2"], presign: "iot", role: arn, expires: "15m", jobId: "presigned-by-iot" };
  const { jobId, document, images } = await run({ ...options, onWarning: (text) => warnings.push(text) });
  expect(document.bc_url).toMatch(/^\$\{aws:iot:s3-presigned-url:https:\/\/s3\.us-east-1\.amazonaws\.com\//);
  expect(images[0]?.expiresAt).toBeNull();
  expect(warnings).toEqual([expect.stringContaining("was not checked")]);
  const { job } = await iot.send(new DescribeJobCommand({ jobId }));
  expect(job?.presignedUrlConfig).toEqual({ roleArn: arn, expiresInSec: 900 });
  const { bc_url, bc_size } = await documentOnDevice("pump-2", jobId);
  const response = await fetch(bc_url);
  expect(response.status).toBe(200);
  expect((await response.arrayBuffer()).byteLength).toBe(bc_size);
});

test("AWS IoT has every option of a rollout", async () => {
  const { jobId, jobArn } = await run({
    to: ["pump-3"],
    rate: "50/min",
    ramp: "10/min x2 after 50 succeeded",
    abortOn: ["failed>10% after 20", "any>5% after 40"],
    thingTimeout: "30m",
    retry: "failed:2,timed-out:1",
    start: "+2h",
    end: "+1d",
    atEnd: "cancel",
    description: "spring release",
    tag: ["team=pumps"],
  });
  const { job } = await iot.send(new DescribeJobCommand({ jobId }));
  expect(job).toMatchObject({
    status: "SCHEDULED",
    description: "spring release",
    jobExecutionsRolloutConfig: {
      maximumPerMinute: 50,
      exponentialRate: {
        baseRatePerMinute: 10,
        incrementFactor: 2,
        rateIncreaseCriteria: { numberOfSucceededThings: 50 },
      },
    },
    abortConfig: {
      criteriaList: [
        { failureType: "FAILED", action: "CANCEL", thresholdPercentage: 10, minNumberOfExecutedThings: 20 },
        { failureType: "ALL", action: "CANCEL", thresholdPercentage: 5, minNumberOfExecutedThings: 40 },
      ],
    },
    timeoutConfig: { inProgressTimeoutInMinutes: 30 },
    jobExecutionsRetryConfig: {
      criteriaList: [
        { failureType: "FAILED", numberOfRetries: 2 },
        { failureType: "TIMED_OUT", numberOfRetries: 1 },
      ],
    },
    schedulingConfig: { endBehavior: "CANCEL" },
  });
  const { tags } = await iot.send(new ListTagsForResourceCommand({ resourceArn: jobArn ?? "" }));
  expect(tags).toEqual([{ Key: "team", Value: "pumps" }]);
});

test("a continuous job takes maintenance windows", async () => {
  const role = "arn:aws:iam::000000000000:role/fota";
  const options = { to: ["pump-4"], continuous: true, presign: "iot", role, window: ["0 2 * * 6 120m"] };
  const { jobId } = await run(options);
  const { job } = await iot.send(new DescribeJobCommand({ jobId }));
  expect(job).toMatchObject({
    targetSelection: "CONTINUOUS",
    schedulingConfig: { maintenanceWindows: [{ startTime: "cron(0 2 ? * SAT *)", durationInMinutes: 120 }] },
  });
});

test("more than 100 things of a file go into a group, and again into the same job", async () => {
  await writeFile(
    join(folder, "things.txt"),
    `# all\r\n${Array.from({ length: 105 }, (_, i) => `pump-${i}`).join("\r\n")}\n`,
  );
  await expect(run({ to: ["@things.txt"] })).rejects.toMatchObject({ code: "TOO_MANY_TARGETS" });
  const options = { to: ["@things.txt"], makeGroup: "spring" };
  const planned = await run({ ...options, dryRun: true });
  expect(planned.plan).toMatchObject({ things: 105, cost: { jobActions: 105 } });
  const { jobId, targets } = await run(options);
  expect(targets).toEqual(["arn:aws:iot:us-east-1:000000000000:thinggroup/spring"]);
  expect(planned.jobId).toBe(jobId);
  const again = await run(options);
  expect(again.jobId).toBe(jobId);
  await expect
    .poll(async () => {
      const { job } = await iot.send(new DescribeJobCommand({ jobId }));
      return job?.jobProcessDetails?.numberOfQueuedThings;
    })
    .toBe(105);
});

test("a dry run says the whole plan, and nothing is made", async () => {
  const { jobArn, images, plan, jobId } = await run({
    to: ["pump-5"],
    images: ["a.bin"],
    rate: "5/min",
    dryRun: true,
  });
  expect(jobArn).toBeNull();
  expect(images).toHaveLength(1);
  expect(plan).toMatchObject({
    things: 1,
    exists: false,
    lastStartSeconds: 0,
    request: { jobId, jobExecutionsRolloutConfig: { maximumPerMinute: 5 } },
    warnings: [],
  });
  await expect(iot.send(new DescribeJobCommand({ jobId }))).rejects.toThrow();
});

test("an original device is spared a job without operation and ids that it mixes up", async () => {
  const target = "arn:aws:iot:us-east-1:000000000000:thing/pump-7";
  const role = "arn:aws:iam::000000000000:role/fota";
  const legacy = { to: ["pump-7"], legacy: true, presign: "iot", role };
  const create = (jobId: string, document: object) =>
    iot.send(new CreateJobCommand({ jobId, targets: [target], document: JSON.stringify(document) }));
  await create("spring", { operation: "other" });
  await expect
    .poll(() =>
      run({ ...legacy, jobId: "spring-2", dryRun: true }).then(
        () => "",
        (error) => error.code,
      ),
    )
    .toBe("LEGACY_UNSAFE");
  expect((await run({ ...legacy, jobId: "summer", dryRun: true })).plan?.warnings).toHaveLength(3);
  await create("reboot", { action: "reboot" });
  await expect
    .poll(() =>
      run({ ...legacy, jobId: "summer", dryRun: true }).then(
        () => "",
        (error) => error.message,
      ),
    )
    .toMatch(/job reboot pending, whose document has no operation/);
});
