import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Local, startLocal } from "@fota/local";
import * as v from "valibot";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { standInAccess } from "../src/aws/access.js";
import { createBucket, publicAccessBlockOf } from "../src/aws/buckets.js";
import { openS3 } from "../src/aws/s3.js";
import { type Diagnosis, diagnosisSchema } from "../src/doctor/result.js";
import { publish } from "../src/index.js";
import { runFota } from "./in-process.js";
import { roleAnswer, type ScriptedAws, startScriptedAws } from "./scripted-aws.js";
import { stubEnvironment } from "./stub-environment.js";

const BUCKET = "fw-releases";
let folder: string;
let local: Local;

beforeAll(async () => {
  local = await startLocal();
  await local.provisionThing("pump-1");
  const s3 = openS3(standInAccess(local.endpoint, local.region), new AbortController().signal);
  await createBucket(s3, BUCKET, local.region);
  await createBucket(s3, "far-away", "eu-north-1");
  s3.close();
});
afterAll(() => local.stop());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-doctor-"));
  stubEnvironment({ AWS_ENDPOINT_URL: local.endpoint, AWS_REGION: local.region });
});
afterEach(async () => {
  local.faults.clear();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function doctor(args: readonly string[] = []) {
  const bucket = args.includes("--bucket") ? [] : ["--bucket", BUCKET];
  const ended = await runFota(["doctor", ...bucket, ...args, "--json"], { cwd: folder });
  expect(ended.stderr).toBe("");
  const diagnosis = v.parse(diagnosisSchema, JSON.parse(ended.stdout));
  expect(ended.code).toBe(diagnosis.ok ? 0 : 1);
  return diagnosis;
}

function finding({ checks }: Diagnosis, name: string) {
  const found = checks.find(({ check }) => check === name);
  if (found === undefined) throw new Error(`there is no check ${name}`);
  return found;
}

describe("where all is well", () => {
  test("nothing fails, and each check says what it saw", async () => {
    const diagnosis = await doctor(["--to", "pump-1"]);
    expect(diagnosis.ok).toBe(true);
    expect(finding(diagnosis, "credentials").message).toContain("account 000000000000");
    expect(finding(diagnosis, "clock").status).toBe("ok");
    expect(finding(diagnosis, "public access")).toMatchObject({ status: "ok", message: "blocked" });
    expect(finding(diagnosis, "device endpoint").message).toMatch(/^fota reached /);
    expect(finding(diagnosis, "target pump-1").status).toBe("ok");
    expect(finding(diagnosis, "permissions").status).toBe("ok");
  });

  test("a command that a hint names has the options that say which account it is", async () => {
    const { hint } = finding(await doctor(["--region", "us-east-1", "--local"]), "versioning");
    expect(hint).toContain(
      `\`fota doctor --bucket ${BUCKET} --fix --region us-east-1 --local\` switches it on`,
    );
  });

  test("people read the same, with what to do", async () => {
    const { code, stdout } = await runFota(["doctor", "--bucket", BUCKET], { cwd: folder });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}ok {4}region +us-east-1$/m);
    expect(stdout).toMatch(/^ {2}skip {2}targets +no target is given; use --to/m);
    expect(stdout).toMatch(/\d+ ok, \d+ warnings?, 0 failed, \d+ skipped\n$/);
  });

  test("a URL for an image that is there is tried as a device would", async () => {
    await writeFile(join(folder, "app.bin"), "image");
    await publish({ images: ["app.bin"], slot: 1, to: ["pump-1"], bucket: BUCKET, cwd: folder });
    expect(finding(await doctor(), "presigned URL")).toMatchObject({
      status: "ok",
      message: expect.stringContaining("app.bin"),
    });
    local.faults.add({ kind: "expireUrl", bucket: BUCKET });
    expect(finding(await doctor(), "presigned URL")).toMatchObject({
      status: "fail",
      hint: expect.stringContaining("s3:GetObject"),
    });
    expect(finding(await doctor(["--to", "pump-1"]), "target pump-1")).toMatchObject({
      status: "warn",
      message: expect.stringContaining("1 job is pending"),
      hint: expect.stringMatching(/`fota status \S+ --thing pump-1`/),
    });
  });
});

describe("what is wrong is found, and the rest is looked at all the same", () => {
  test.each([
    ["no such bucket", ["--bucket", "no-such-bucket"], "bucket", 'there is no bucket "no-such-bucket"'],
    ["no such thing", ["--to", "pump-9"], "target pump-9", 'there is no thing "pump-9"'],
    ["no such group", ["--to", "group:none"], "target group:none", 'there is no thing group "none"'],
    ["a wrong option", ["--expires", "8d"], "settings", "--expires must be from 60s to 7d"],
    ["an image over http for old devices", ["--legacy"], "legacy", "only speaks https"],
  ] as const)("%s", async (_what, args, check, says) => {
    const found = finding(await doctor(args), check);
    expect(found).toMatchObject({ status: "fail", message: expect.stringContaining(says) });
    expect(found.hint).toBeDefined();
  });

  test("session credentials make URLs that an original device cuts", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL_S3", "https://127.0.0.1:1");
    vi.stubEnv("AWS_SESSION_TOKEN", "t".repeat(2_000));
    expect(finding(await doctor(["--legacy"]), "legacy")).toMatchObject({
      status: "fail",
      message: expect.stringMatching(/request line of the image URL has \d+ bytes/),
      hint: expect.stringContaining("session token"),
    });
  });

  test("a settings file with a wrong key is reported, and the checks go on without it", async () => {
    await writeFile(join(folder, "fota.config.json"), '{"buckets": "x"}');
    const diagnosis = await doctor();
    expect(finding(diagnosis, "config")).toMatchObject({
      status: "fail",
      message: expect.stringContaining('unknown key "buckets"'),
    });
    expect(finding(diagnosis, "bucket").status).toBe("ok");
  });

  test("a settings file that is right is reported with where it is", async () => {
    await writeFile(join(folder, "fota.config.json"), '{"region": "us-east-1"}');
    expect(finding(await doctor(), "config").message).toContain(join(folder, "fota.config.json"));
  });

  test("no region, and no stand-in, end it there", async () => {
    vi.stubEnv("AWS_REGION", undefined);
    const noRegion = await doctor();
    expect(noRegion.checks.map(({ check }) => check)).toEqual(["config", "region"]);
    vi.stubEnv("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    const nothingThere = await doctor(["--local"]);
    expect(finding(nothingThere, "fota local").status).toBe("fail");
  });
});

describe("a permission that is missing is named", () => {
  const job = "fota-0-0-0-0000000000";
  test.each([
    ["iot:DescribeThing", "/things/pump-1"],
    ["iot:DescribeJob", `/jobs/${job}`],
    ["iot:GetJobDocument", `/jobs/${job}/job-document`],
    ["iot:ListJobExecutionsForJob", `/jobs/${job}/things`],
    ["iot:DescribeJobExecution", `/things/pump-1/jobs/${job}`],
    ["iot:ListJobExecutionsForThing", "/things/pump-1/jobs"],
    ["iot:ListJobs", "/jobs"],
  ])("%s", async (action, path) => {
    local.faults.add({ kind: "answerError", status: 403, service: "iot", path });
    const found = finding(await doctor(["--to", "pump-1"]), "permissions");
    expect(found).toMatchObject({
      status: "fail",
      message: expect.stringContaining(`refused: ${action} on`),
    });
  });

  test.each(["/thing-groups/fota-doctor", "/thing-groups/fota-doctor/things", "/things/fota-doctor"])(
    "on a name that was made up it is a warning: %s",
    async (path) => {
      local.faults.add({ kind: "answerError", status: 403, service: "iot", path });
      const found = finding(await doctor(), "permissions");
      expect(found).toMatchObject({ status: "warn", hint: expect.stringContaining("--to") });
    },
  );

  test("iot:DescribeEndpoint, which publish can do without", async () => {
    local.faults.add({ kind: "answerError", status: 403, service: "iot", path: "/endpoint" });
    expect(finding(await doctor(), "device endpoint")).toMatchObject({
      status: "skipped",
      hint: expect.stringContaining("iot:DescribeEndpoint"),
    });
  });

  test.each([
    ["public access", "s3:GetBucketPublicAccessBlock"],
    ["versioning", "s3:GetBucketVersioning"],
    ["encryption", "s3:GetEncryptionConfiguration"],
    ["bucket policy", "s3:GetBucketPolicy"],
    ["presigned URL", "s3:ListBucket"],
  ])("%s needs %s", async (check, action) => {
    local.faults.add({ kind: "answerError", status: 403, service: "s3", method: "GET", bucket: BUCKET });
    expect(finding(await doctor(), check)).toMatchObject({
      status: "skipped",
      hint: expect.stringContaining(action),
    });
  });

  test("s3:ListBucket on the bucket", async () => {
    local.faults.add({ kind: "answerError", status: 403, service: "s3", method: "HEAD", bucket: BUCKET });
    expect(finding(await doctor(), "bucket")).toMatchObject({
      status: "fail",
      hint: expect.stringContaining("s3:ListBucket"),
    });
  });
});

describe("--fix", () => {
  test("asks, changes what the answer was yes to, and looks again", async () => {
    const args = ["doctor", "--bucket", BUCKET, "--fix"];
    const declined = await runFota(args, { cwd: folder, typed: ["n"] });
    expect(declined.stderr).toContain(`switch on versioning of bucket ${BUCKET}?`);
    expect(declined.stdout).toMatch(/warn +versioning/);
    const fixed = await runFota(args, { cwd: folder, typed: ["y"] });
    expect(fixed.stdout).toMatch(/ok +versioning +on/);
    expect(fixed.stdout).toMatch(/fixed: versioning\n$/);
  });

  test("blocks public access with --yes where nobody can be asked; without it nothing is changed", async () => {
    const s3 = openS3(standInAccess(local.endpoint, local.region), new AbortController().signal);
    await createBucket(s3, "open-bucket", local.region);
    vi.stubEnv("AWS_ENDPOINT_URL", local.endpoint);
    await fetch(`${local.endpoint}/open-bucket?publicAccessBlock`, {
      method: "DELETE",
      headers: { authorization: SIGNED_FOR_S3 },
    });
    const refused = await runFota(["doctor", "--bucket", "open-bucket", "--fix"], { cwd: folder });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("--yes");
    expect(await publicAccessBlockOf(s3, "open-bucket")).toBeUndefined();
    const diagnosis = await doctor(["--bucket", "open-bucket", "--fix", "--yes"]);
    expect(diagnosis.fixed).toEqual(["public access", "versioning"]);
    expect(finding(diagnosis, "public access").status).toBe("ok");
    s3.close();
  });
});

const SIGNED_FOR_S3 =
  "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00";

describe("on an AWS with roles", () => {
  let aws: ScriptedAws;
  beforeEach(async () => {
    aws = await startScriptedAws();
    const caller = "<Arn>arn:aws:iam::123456789012:user/ci</Arn><Account>123456789012</Account>";
    aws.faults.set("GetCallerIdentity", { body: `<R>${caller}</R>` });
    aws.faults.set("GetObject", { status: 403, error: "AccessDenied" }); // it has no settings of buckets
    vi.stubEnv("AWS_ENDPOINT_URL", aws.endpoint);
  });
  afterEach(() => aws.stop());

  test("a role that AWS IoT may assume passes, one that trusts another service fails", async () => {
    const role = ["--presign", "iot", "--role", "fota"];
    expect(finding(await doctor(role), "role").status).toBe("ok");
    aws.faults.set("GetRole", { body: roleAnswer("ec2.amazonaws.com") });
    expect(finding(await doctor(role), "role")).toMatchObject({
      status: "fail",
      message: expect.stringContaining("does not trust AWS IoT"),
    });
  });

  test("credentials that STS refuses are reported; the clock is looked at all the same", async () => {
    const date = new Date(Date.now() + 1_000_000).toUTCString();
    aws.faults.set("GetCallerIdentity", {
      status: 403,
      error: "InvalidClientTokenId",
      headers: { date },
    });
    const diagnosis = await doctor();
    expect(finding(diagnosis, "credentials")).toMatchObject({ status: "fail" });
    expect(finding(diagnosis, "clock")).toMatchObject({
      status: "fail",
      message: expect.stringContaining("17 min behind"),
    });
  });
});

test("the keys of the settings are held against the key set of the devices, without a passphrase", async () => {
  const env = { FOTA_PASSPHRASE: "correct horse" };
  const made = await runFota(["keygen", "ann.pem", "--json"], { cwd: folder, env });
  const { trust } = JSON.parse(made.stdout);
  await writeFile(join(folder, "fota.config.json"), JSON.stringify({ sign: ["ann.pem"] }));
  await writeFile(join(folder, "keys.json"), JSON.stringify({ version: 1, threshold: 1, keys: trust }));
  expect(finding(await doctor(), "signing")).toMatchObject({
    status: "ok",
    message: "ann signs every publish",
  });
  expect(finding(await doctor(["--keys", "keys.json"]), "signing")).toMatchObject({
    status: "ok",
    message: "ann: 1 of 1 required keys",
  });
  await rm(join(folder, "ann.pem.pub"));
  expect(finding(await doctor(), "signing")).toMatchObject({
    status: "fail",
    hint: expect.stringContaining("FOTA_PASSPHRASE"),
  });
  await rm(join(folder, "ann.pem"));
  expect(finding(await doctor(), "signing").message).toContain("there is no key file");
});
