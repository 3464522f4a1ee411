import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AddThingToThingGroupCommand,
  CreateThingGroupCommand,
  GetJobDocumentCommand,
  IoTClient,
  ListJobsCommand,
} from "@aws-sdk/client-iot";
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { type Local, startLocal } from "@fota/local";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planSummarySchema, publishedSchema, publishOutputSchema } from "../src/publish/result.js";
import { fota } from "./cli.js";

const BUCKET = "fw-releases";
const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const image = randomBytes(200_000);

let folder: string;
let path: string;
let local: Local;
let env: Record<string, string>;
let iot: IoTClient;
let s3: S3Client;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-publish-"));
  path = join(folder, "app.bin");
  await writeFile(path, image);
  local = await startLocal();
  const common = { endpoint: local.endpoint, region: local.region, credentials };
  iot = new IoTClient(common);
  s3 = new S3Client({ ...common, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  await local.provisionThing("pump:7");
  await iot.send(new CreateThingGroupCommand({ thingGroupName: "beta" }));
  await iot.send(new AddThingToThingGroupCommand({ thingGroupName: "beta", thingName: "pump:7" }));
  env = {
    AWS_ENDPOINT_URL: local.endpoint,
    AWS_REGION: local.region,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  };
});

afterAll(async () => {
  iot.destroy();
  s3.destroy();
  await local.stop();
  await rm(folder, { recursive: true });
});

async function made(): Promise<{ jobs: number; objects: number }> {
  const [{ jobs = [] }, { KeyCount = 0 }] = await Promise.all([
    iot.send(new ListJobsCommand({})),
    s3.send(new ListObjectsV2Command({ Bucket: BUCKET })),
  ]);
  return { jobs: jobs.length, objects: KeyCount };
}

const good = (...more: string[]) => ["publish", path, "--slot", "1", "--bucket", BUCKET, ...more];

// errors.e2e.test.ts has them all; these go through the real binary and the real stand-in.
describe("bad input: one clear line, a code, a non-zero exit, and nothing made", () => {
  test.each<
    [what: string, args: () => string[], exitCode: number, says: RegExp, change?: Record<string, string>]
  >([
    [
      "a missing file",
      () => ["publish", join(folder, "no.bin"), "--slot", "1", "--to", "pump:7", "--bucket", BUCKET],
      1,
      /no\.bin.*\(IMAGE_NOT_FOUND\)/,
    ],
    ["an unknown thing", () => good("--to", "pump-9"), 1, /pump-9.*\(THING_NOT_FOUND\)/],
    [
      "a slot that is no number",
      () => ["publish", path, "--slot", "one", "--to", "pump:7", "--bucket", BUCKET],
      2,
      /"one".*\(SLOT_INVALID\)/,
    ],
    [
      "no credentials",
      () => good("--to", "pump:7"),
      1,
      /\(NO_CREDENTIALS\)/,
      { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" },
    ],
    [
      "an endpoint that is down",
      () => good("--to", "pump:7"),
      1,
      /\(ENDPOINT_UNREACHABLE\)/,
      { AWS_ENDPOINT_URL: "http://127.0.0.1:9" },
    ],
  ])("%s", async (_what, args, exitCode, says, change = {}) => {
    const before = await made();
    const { code, stdout, stderr } = await fota(args(), { ...env, ...change });
    const [first = "", hint, ...rest] = stderr.trimEnd().split("\n");
    expect(stderr).toMatch(says);
    expect(first).toMatch(/^error: /);
    expect(hint ?? "hint: ").toMatch(/^hint: /);
    expect(rest).toEqual([]);
    expect(stdout).toBe("");
    expect(code).toBe(exitCode);
    expect(await made()).toEqual(before);
  });
});

test("a publish makes the document with the five legacy keys exactly, over an object that matches it", async () => {
  const { code, stdout, stderr } = await fota(
    [...good("--to", "pump:7", "--to", "group:beta"), "--json"],
    env,
  );
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const result = v.parse(publishedSchema, JSON.parse(stdout));

  const { document } = await iot.send(new GetJobDocumentCommand({ jobId: result.jobId }));
  const published = JSON.parse(document ?? "");
  expect(published).toEqual(result.document);
  expect(published).toMatchObject({
    operation: "fota",
    bc_idx: 1,
    bc_crc: createHash("md5").update(image).digest("hex"),
    bc_size: image.length,
    bc_sha256: createHash("sha256").update(image).digest("hex"),
  });
  const response = await fetch(published.bc_url);
  expect(Buffer.from(await response.arrayBuffer()).equals(image)).toBe(true);

  const altered = await fetch(published.bc_url.replace(/X-Amz-Expires=\d/, "X-Amz-Expires=5"));
  expect(altered.status).toBe(403);
  expect(await altered.text()).toContain("<Code>SignatureDoesNotMatch</Code>");
});

test("the same publish again is the same job, and says so", async () => {
  const first = JSON.parse((await fota([...good("--to", "pump:7"), "--json"], env)).stdout);
  const before = await made();
  const again = await fota([...good("--to", "pump:7"), "--json"], env);
  expect(again.code).toBe(0);
  expect(JSON.parse(again.stdout).jobId).toBe(first.jobId);
  expect(await made()).toEqual(before);
});

test("--dry-run changes nothing, and prints the plan beside what would be published", async () => {
  const before = await made();
  const args = [...good("--to", "group:beta", "--fw-version", "9.9.9"), "--dry-run", "--json"];
  const { code, stdout } = await fota(args, env);
  expect(code).toBe(0);
  const { plan, ...published } = JSON.parse(stdout);
  expect(v.parse(publishedSchema, published).jobArn).toBeNull();
  expect(v.parse(planSummarySchema, plan).things).toBe(1);
  expect(await made()).toEqual(before);
});

test.each([
  ["SUCCEEDED", 0],
  ["FAILED", 3],
])(
  "--wait --json of a job that ended %s prints one value with the status in it, exit code %i, and the hint names another id",
  async (ended, exitCode) => {
    const args = [...good("--to", "pump:7", "--job-id", `ended-${ended}`), "--json"];
    const { jobId } = JSON.parse((await fota(args, env)).stdout);
    const body = JSON.stringify({ status: ended });
    const scope = `20261124/${local.region}/iot-jobs-data/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 Credential=test/${scope}, SignedHeaders=host, Signature=0`;
    const url = `${local.endpoint}/things/pump:7/jobs/${jobId}`;
    const headers = { authorization, "content-type": "application/json" };
    const report = async () => (await fetch(url, { method: "POST", body, headers })).status;
    await expect.poll(report).toBe(200); // once the rollout has reached the thing

    const { code, stdout, stderr } = await fota([...args, "--wait"], env);
    expect(stderr).toBe("");
    expect(code).toBe(exitCode);
    const { status } = v.parse(publishOutputSchema, JSON.parse(stdout));
    expect(status).toMatchObject({ jobId, status: "COMPLETED", total: 1 });

    const again = await fota(good("--to", "pump:7", "--job-id", jobId), env);
    expect(again.stdout).toContain(`job ${jobId} exists already and has ended: nothing to do\n`);
    expect(again.stderr.replaceAll(/\s+/g, " ")).toContain(`with --job-id ${jobId}-2`);
  },
);

test("--json gives errors to machines", async () => {
  const { code, stderr } = await fota([...good("--to", "pump-9"), "--json"], env);
  expect(code).toBe(1);
  expect(JSON.parse(stderr).error).toMatchObject({ code: "THING_NOT_FOUND" });
});

test("status shows counts in the shape that scripts rely on, and refuses an unknown job", async () => {
  const { jobId } = JSON.parse((await fota([...good("--to", "pump:7"), "--json"], env)).stdout);
  const { code, stdout } = await fota(["status", jobId, "--things", "--json"], env);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    jobId,
    status: "IN_PROGRESS",
    counts: {
      queued: 1,
      inProgress: 0,
      succeeded: 0,
      failed: 0,
      timedOut: 0,
      rejected: 0,
      removed: 0,
      canceled: 0,
    },
    total: 1,
    executions: [{ thing: "pump:7", status: "QUEUED" }],
  });
  const unknown = await fota(["status", "fw-0"], env);
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toMatch(/fw-0.*\(JOB_NOT_FOUND\)/);
});
