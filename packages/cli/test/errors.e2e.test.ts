import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { publishOutputSchema } from "../src/publish/result.js";
import { runFota } from "./in-process.js";
import { BUCKET, type Fault, roleAnswer, type ScriptedAws, startScriptedAws } from "./scripted-aws.js";
import { stubEnvironment } from "./stub-environment.js";

let folder: string;
let aws: ScriptedAws;
let interrupt: AbortController;
const image = randomBytes(20_000);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-errors-"));
  await writeFile(join(folder, "app.bin"), image);
  await writeFile(join(folder, "empty.bin"), "");
  await mkdir(join(folder, "build"));
  aws = await startScriptedAws();
  aws.members.push("pump-1");
  interrupt = new AbortController();
  stubEnvironment({ AWS_ENDPOINT_URL: aws.endpoint });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.stop();
  await rm(folder, { recursive: true });
});

function fota(args: readonly string[]) {
  return runFota(args, { cwd: folder, signal: interrupt.signal });
}

const GOOD = ["publish", "app.bin", "--slot", "1", "--to", "pump-1", "--bucket", BUCKET];
const IOT = [...GOOD, "--presign", "iot", "--role", "fota"];
const thing = (account: string, region = "eu-west-1") => `arn:aws:iot:${region}:${account}:thing/pump-1`;

/** A publish that works, but for what is named. */
interface Case {
  what: string;
  /** The command line in place of one that works; or what to add to it. */
  args?: string[];
  more?: string[];
  env?: Record<string, string | undefined>;
  files?: Record<string, string | Buffer>;
  faults?: Record<string, Fault>;
  /** Things in the group, in place of the one. */
  members?: string[];
  exitCode?: number;
  code: string;
  /** What the message or the hint names. */
  says?: RegExp;
  /** The image was uploaded, for the next run to use. */
  leavesImage?: true;
}

const refused = (error = "AccessDeniedException", status = 403): Fault => ({ status, error });
const changeImage: Fault = { before: () => writeFile(join(folder, "app.bin"), randomBytes(20_000)) };
const cutImage: Fault = { before: () => writeFile(join(folder, "app.bin"), randomBytes(10)) };
const removeImage: Fault = { before: () => unlink(join(folder, "app.bin")) };
const pressCtrlC: Fault = { before: () => interrupt.abort() };
const ztc = { bcbin: "AAAA", bc_idx: 0, has_vm: false, vmbin: "" };

const CASES: Case[] = [
  // the command line
  { what: "an unknown option", more: ["--too", "x"], exitCode: 2, code: "USAGE", says: /--too/ },
  { what: "no image", args: ["publish", "--to", "pump-1"], exitCode: 2, code: "USAGE", says: /image/ },
  {
    what: "waiting for a job that would not be created",
    more: ["--dry-run", "--wait"],
    exitCode: 2,
    code: "USAGE",
    says: /--wait/,
  },
  {
    what: "no slot",
    args: ["publish", "app.bin", "--to", "pump-1", "--bucket", BUCKET],
    exitCode: 2,
    code: "SLOT_INVALID",
    says: /--slot 1/,
  },
  {
    what: "a slot that is no number",
    args: GOOD.map((arg, at) => (GOOD[at - 1] === "--slot" ? "one" : arg)),
    exitCode: 2,
    code: "SLOT_INVALID",
    says: /"one"/,
  },
  {
    what: "no target",
    args: ["publish", "app.bin", "--slot", "1", "--bucket", BUCKET],
    exitCode: 2,
    code: "TARGET_INVALID",
    says: /--to/,
  },
  {
    what: "a target that is no name",
    more: ["--to", "pump 2"],
    exitCode: 2,
    code: "TARGET_INVALID",
    says: /"pump 2"/,
  },
  {
    what: "a file of targets that is not there",
    more: ["--to", "@no.txt"],
    exitCode: 2,
    code: "TARGET_INVALID",
    says: /there is no file "no\.txt" \(/,
  },
  {
    what: "a folder of targets",
    more: ["--to", "@build"],
    exitCode: 2,
    code: "TARGET_INVALID",
    says: /cannot read build: it is a folder/,
  },
  {
    what: "a file of targets with nothing in it",
    more: ["--to", "@none.txt"],
    files: { "none.txt": "# none\n\n" },
    exitCode: 2,
    code: "TARGET_INVALID",
    says: /none\.txt/,
  },
  {
    what: "more than 100 targets",
    more: ["--to", "@many.txt"],
    files: { "many.txt": Array.from({ length: 101 }, (_, i) => `p${i}`).join("\n") },
    exitCode: 2,
    code: "TOO_MANY_TARGETS",
    says: /--make-group/,
  },
  {
    what: "an ARN of another region",
    more: ["--to", thing("123456789012", "us-east-1")],
    exitCode: 2,
    code: "TARGET_INVALID",
    says: /--region us-east-1/,
  },
  {
    what: "an ARN of another account",
    more: ["--to", thing("999999999999")],
    exitCode: 2,
    code: "TARGET_INVALID",
    says: /not in this account/,
  },
  {
    what: "no bucket",
    args: ["publish", "app.bin", "--slot", "1", "--to", "pump-1"],
    exitCode: 2,
    code: "USAGE",
    says: /--bucket/,
  },
  {
    what: "a bucket with s3://",
    args: GOOD.map((arg, at) => (GOOD[at - 1] === "--bucket" ? "s3://fw" : arg)),
    exitCode: 2,
    code: "USAGE",
    says: /without s3:\/\//,
  },
  {
    what: "a job id that is too long",
    more: ["--job-id", "j".repeat(65)],
    exitCode: 2,
    code: "JOB_ID_INVALID",
    says: /65 characters/,
  },
  {
    what: "a job id that no device can ask for",
    more: ["--job-id", "notify"],
    exitCode: 2,
    code: "JOB_ID_INVALID",
    says: /"notify"/,
  },
  {
    what: "a URL of more than 7 days",
    more: ["--expires", "8d"],
    exitCode: 2,
    code: "EXPIRES_INVALID",
    says: /7 days/,
  },
  {
    what: "a version that is none",
    more: ["--fw-version", "new"],
    exitCode: 2,
    code: "VERSION_INVALID",
    says: /1\.4\.0/,
  },
  {
    what: "a rate that AWS does not take",
    more: ["--rate", "2000/min"],
    exitCode: 2,
    code: "ROLLOUT_INVALID",
    says: /1000/,
  },
  {
    what: "an abort rule without its count",
    more: ["--abort-on", "failed>10%"],
    exitCode: 2,
    code: "ROLLOUT_INVALID",
    says: /after 20/,
  },
  {
    what: "a retry of what cannot happen",
    more: ["--retry", "timed-out:1"],
    exitCode: 2,
    code: "ROLLOUT_INVALID",
    says: /--thing-timeout/,
  },
  {
    what: "a start in the past",
    more: ["--start", "2020-01-01 02:00"],
    exitCode: 2,
    code: "ROLLOUT_INVALID",
    says: /--start/,
  },
  {
    what: "what to do at an end that is not given",
    more: ["--at-end", "cancel"],
    exitCode: 2,
    code: "ROLLOUT_INVALID",
    says: /--end[\s\S]*hint: .*--end \+7d/,
  },
  {
    what: "a window for a job that is not continuous",
    more: ["--window", "0 2 * * * 60m"],
    exitCode: 2,
    code: "ROLLOUT_INVALID",
    says: /--continuous/,
  },
  {
    what: "a rollout that the file does not have",
    more: ["--rollout", "careful"],
    exitCode: 2,
    code: "ROLLOUT_INVALID",
    says: /careful/,
  },
  {
    what: "AWS IoT presigning without a role",
    more: ["--presign", "iot"],
    exitCode: 2,
    code: "USAGE",
    says: /--role/,
  },
  {
    what: "a settings file that is no JSON",
    files: { "fota.config.json": "{" },
    exitCode: 2,
    code: "CONFIG_INVALID",
    says: /fota\.config\.json/,
  },
  {
    what: "a settings file with a key that nobody reads",
    files: { "fota.config.json": '{"buket":"x"}' },
    exitCode: 2,
    code: "CONFIG_INVALID",
    says: /"buket"/,
  },
  // the image
  {
    what: "a missing file",
    args: ["publish", "no.bin", ...GOOD.slice(2)],
    code: "IMAGE_NOT_FOUND",
    says: /no\.bin/,
  },
  {
    what: "a folder",
    args: ["publish", "build", ...GOOD.slice(2)],
    code: "IMAGE_UNREADABLE",
    says: /folder/,
  },
  {
    what: "an empty file",
    args: ["publish", "empty.bin", ...GOOD.slice(2)],
    code: "IMAGE_EMPTY",
    says: /empty\.bin/,
  },
  {
    what: "JSON that is no image of ztc",
    args: ["publish", "app.json", ...GOOD.slice(2)],
    files: { "app.json": "{}" },
    code: "IMAGE_INVALID",
    says: /bcbin/,
  },
  {
    what: "an image that is linked for another slot",
    args: ["publish", "app.json", ...GOOD.slice(2)],
    files: { "app.json": JSON.stringify(ztc) },
    exitCode: 2,
    code: "SLOT_INVALID",
    says: /slot 0, not for slot 1/,
  },
  {
    what: "two images for one slot",
    args: ["publish", "1=app.bin", "1=app.bin", ...GOOD.slice(2)],
    exitCode: 2,
    code: "SLOT_INVALID",
    says: /1, 1[\s\S]*hint: .*1=/,
  },
  {
    what: "several images without slots",
    args: ["publish", "app.bin", "app.bin", ...GOOD.slice(2)],
    exitCode: 2,
    code: "SLOT_INVALID",
    says: /0=app/,
  },
  {
    what: "an image that changes before its upload",
    faults: { DescribeJob: changeImage },
    code: "IMAGE_CHANGED",
    says: /app\.bin/,
  },
  {
    what: "an image that is cut before its upload",
    faults: { DescribeJob: cutImage },
    code: "IMAGE_CHANGED",
    says: /app\.bin/,
  },
  {
    what: "an image whose disk is gone before its upload",
    faults: { DescribeJob: removeImage },
    code: "IMAGE_CHANGED",
    says: /app\.bin/,
  },
  // the way to AWS
  {
    what: "no credentials",
    env: { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined },
    code: "NO_CREDENTIALS",
    says: /aws sso login/,
  },
  {
    what: "a profile that does not exist",
    more: ["--profile", "nobody"],
    env: { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined },
    code: "NO_CREDENTIALS",
    says: /--profile/,
  },
  { what: "no region", env: { AWS_REGION: undefined }, code: "NO_REGION", says: /--region.*--local/s },
  {
    what: "an endpoint that is no URL",
    env: { AWS_ENDPOINT_URL: "localhost" },
    exitCode: 2,
    code: "ENDPOINT_INVALID",
    says: /"localhost"/,
  },
  {
    what: "an endpoint that is down",
    env: { AWS_ENDPOINT_URL: "http://127.0.0.1:9" },
    code: "ENDPOINT_UNREACHABLE",
    says: /ECONNREFUSED/,
  },
  {
    what: "no stand-in where --local looks",
    env: { AWS_ENDPOINT_URL: "http://127.0.0.1:9" },
    more: ["--local"],
    code: "LOCAL_NOT_RUNNING",
    says: /fota local/,
  },
  {
    what: "a CA bundle that is not there",
    env: { AWS_CA_BUNDLE: "no.pem" },
    exitCode: 2,
    code: "CONFIG_INVALID",
    says: /no\.pem/,
  },
  {
    what: "expired credentials",
    faults: { DescribeThing: refused("ExpiredTokenException") },
    code: "CREDENTIALS_REFUSED",
    says: /the session token has expired/,
  },
  {
    what: "a key that AWS does not know",
    faults: { DescribeThing: refused("UnrecognizedClientException") },
    code: "CREDENTIALS_REFUSED",
  },
  {
    what: "a secret that is wrong",
    faults: { DescribeThing: refused("InvalidSignatureException") },
    code: "CREDENTIALS_REFUSED",
    says: /clock/,
  },
  {
    what: "a clock that is wrong",
    faults: { PutObject: refused("RequestTimeTooSkewed") },
    code: "CREDENTIALS_REFUSED",
    says: /clock/,
  },
  {
    what: "throttling by AWS IoT",
    faults: { DescribeThing: refused("ThrottlingException", 400) },
    code: "THROTTLED",
    says: /again/,
  },
  {
    what: "throttling by S3",
    faults: { PutObject: refused("SlowDown", 503) },
    code: "THROTTLED",
    says: /again/,
  },
  {
    what: "a connection that breaks in the upload",
    faults: { PutObject: { cut: true } },
    code: "ENDPOINT_UNREACHABLE",
  },
  {
    what: "a failure of AWS",
    faults: { CreateJob: refused("InternalFailureException", 500) },
    code: "AWS_ERROR",
    says: /InternalFailureException/,
    leavesImage: true,
  },
  // what must be there
  {
    what: "a missing thing",
    faults: { DescribeThing: refused("ResourceNotFoundException", 404) },
    code: "THING_NOT_FOUND",
    says: /pump-1/,
  },
  {
    what: "a missing group",
    more: ["--to", "group:beta"],
    faults: { DescribeThingGroup: refused("ResourceNotFoundException", 404) },
    code: "GROUP_NOT_FOUND",
    says: /beta.*--to <thing> --make-group beta/s,
  },
  {
    what: "an empty group",
    args: [...GOOD.slice(0, 4), "--to", "group:beta", "--bucket", BUCKET],
    members: [],
    code: "GROUP_EMPTY",
    says: /--continuous/,
  },
  {
    what: "a group to make that has other things",
    more: ["--make-group", "beta"],
    members: ["pump-9"],
    code: "GROUP_EXISTS",
    says: /pump-9/,
  },
  {
    what: "a missing bucket",
    faults: { HeadBucket: refused("NotFound", 404) },
    code: "BUCKET_NOT_FOUND",
    says: /aws s3 mb/,
  },
  {
    what: "a bucket in another region",
    faults: {
      HeadBucket: { ...refused("PermanentRedirect", 301), headers: { "x-amz-bucket-region": "us-west-2" } },
    },
    code: "BUCKET_WRONG_REGION",
    says: /us-west-2/,
  },
  {
    what: "a missing role",
    args: IOT,
    faults: { GetRole: refused("NoSuchEntity", 404) },
    code: "ROLE_NOT_FOUND",
    says: /fota/,
  },
  {
    what: "a role that AWS IoT may not take on",
    args: IOT,
    faults: { GetRole: { body: roleAnswer("ec2.amazonaws.com") } },
    code: "ROLE_INVALID",
    says: /iot\.amazonaws\.com/,
  },
  // permissions, for each call
  {
    what: "no right to look at the bucket",
    faults: { HeadBucket: refused("Forbidden") },
    code: "ACCESS_DENIED",
    says: /s3:ListBucket/,
  },
  {
    what: "no right to look at things",
    faults: { DescribeThing: refused() },
    code: "ACCESS_DENIED",
    says: /iot:DescribeThing/,
  },
  {
    what: "no right to look at groups",
    more: ["--to", "group:beta"],
    faults: { DescribeThingGroup: refused() },
    code: "ACCESS_DENIED",
    says: /iot:DescribeThingGroup/,
  },
  {
    what: "no right to look at jobs",
    faults: { DescribeJob: refused() },
    code: "ACCESS_DENIED",
    says: /iot:DescribeJob/,
  },
  {
    what: "no right to look at what waits on a thing",
    args: [...IOT, "--legacy"],
    faults: { ListJobExecutionsForThing: refused() },
    code: "ACCESS_DENIED",
    says: /iot:ListJobExecutionsForThing/,
  },
  {
    what: "no right to upload",
    faults: { PutObject: refused("AccessDenied") },
    code: "ACCESS_DENIED",
    says: /s3:PutObject/,
  },
  {
    what: "no right to read what the URL gives",
    faults: { GetObject: refused("AccessDenied") },
    code: "ACCESS_DENIED",
    says: /s3:GetObject/,
    leavesImage: true,
  },
  {
    what: "no right to make the group",
    more: ["--make-group", "new"],
    faults: { DescribeThingGroup: refused("ResourceNotFoundException", 404), CreateThingGroup: refused() },
    code: "ACCESS_DENIED",
    says: /iot:CreateThingGroup/,
    leavesImage: true,
  },
  {
    what: "no right to fill the group",
    more: ["--make-group", "new"],
    faults: {
      DescribeThingGroup: refused("ResourceNotFoundException", 404),
      AddThingToThingGroup: refused(),
    },
    code: "ACCESS_DENIED",
    says: /iot:AddThingToThingGroup/,
    leavesImage: true,
  },
  {
    what: "no right to create the job",
    faults: { CreateJob: refused() },
    code: "ACCESS_DENIED",
    says: /iot:CreateJob/,
    leavesImage: true,
  },
  {
    what: "no right to pass the role on",
    args: IOT,
    faults: { CreateJob: refused() },
    code: "ACCESS_DENIED",
    says: /iam:PassRole on arn:aws:iam::123456789012:role\/fota/,
    leavesImage: true,
  },
  // what comes back
  {
    what: "an object that does not match what was sent",
    faults: { PutObject: { body: "" } },
    code: "UPLOAD_CORRUPT",
  },
  {
    what: "a URL that gives something else",
    faults: { GetObject: { body: "<html>" } },
    code: "UPLOAD_CORRUPT",
    says: /6 bytes, not 20000/,
    leavesImage: true,
  },
  {
    what: "a job id that another job has",
    more: ["--job-id", "spring"],
    faults: { DescribeJob: { body: { job: { status: "IN_PROGRESS" } } } },
    code: "JOB_EXISTS",
    says: /spring-2/,
  },
  {
    what: "a rollout that the URL does not live to see",
    more: ["--rate", "1/min", "--to", "group:all", "--expires", "1h"],
    members: Array.from({ length: 100 }, (_, i) => `p${i}`),
    code: "URL_OUTLIVED",
    says: /--presign iot/,
  },
  {
    what: "a continuous job with one URL",
    more: ["--to", "group:beta", "--continuous"],
    code: "URL_OUTLIVED",
    says: /no end \(things may join the group at any time\)/,
  },
  {
    what: "windows that come back for ever with one URL",
    more: ["--continuous", "--window", "0 2 * * * 60m"],
    code: "URL_OUTLIVED",
    says: /no end \(its windows come back at any time\)/,
  },
  {
    what: "a URL that no session lives to see the end of",
    env: { AWS_SESSION_TOKEN: "token" },
    more: ["--expires", "7d"],
    exitCode: 2,
    code: "EXPIRES_INVALID",
    says: /temporary credentials.*--presign iot/s,
  },
  {
    what: "credentials that end before the URL",
    env: {
      AWS_SESSION_TOKEN: "token",
      AWS_CREDENTIAL_EXPIRATION: new Date(Date.now() + 3_600_000).toISOString(),
    },
    more: ["--expires", "2h"],
    exitCode: 2,
    code: "EXPIRES_INVALID",
    says: /cannot stay valid for 2 h: these credentials end at/,
  },
  { what: "http for an original device", more: ["--legacy"], code: "LEGACY_UNSAFE", says: /https/ },
  // Ctrl-C
  ...["HeadBucket", "DescribeThing", "DescribeJob", "HeadObject"].map(
    (operation): Case => ({
      what: `Ctrl-C at ${operation}`,
      faults: { [operation]: pressCtrlC },
      exitCode: 130,
      code: "INTERRUPTED",
    }),
  ),
  {
    what: "Ctrl-C when all is sent",
    faults: { PutObject: pressCtrlC },
    exitCode: 130,
    code: "INTERRUPTED",
    leavesImage: true,
  },
  {
    what: "Ctrl-C at the try of the URL",
    faults: { GetObject: pressCtrlC },
    exitCode: 130,
    code: "INTERRUPTED",
    leavesImage: true,
  },
  {
    what: "Ctrl-C at the making of the group",
    more: ["--make-group", "new"],
    faults: { DescribeThingGroup: refused("ResourceNotFoundException", 404), CreateThingGroup: pressCtrlC },
    exitCode: 130,
    code: "INTERRUPTED",
    leavesImage: true,
  },
];

test.each(CASES)("$what: $code", async (given) => {
  const { args = [...GOOD, ...(given.more ?? [])], files = {}, faults = {}, env = {}, exitCode = 1 } = given;
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  for (const [operation, fault] of Object.entries(faults)) aws.faults.set(operation, fault);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  if (given.members !== undefined) aws.members.splice(0, aws.members.length, ...given.members);

  const { code, stdout, stderr } = await fota(args);

  const lines = stderr
    .trimEnd()
    .split("\n")
    .filter((line) => !line.startsWith("warning: "));
  expect(lines[0]).toMatch(new RegExp(`^error: .+ \\(${given.code}\\)$`));
  if (given.says !== undefined) expect(lines.join("\n")).toMatch(given.says);
  expect(lines.slice(1).join("\n")).toMatch(/^(usage: fota .*\nhint: .*|hint: .*)?$/);
  if (given.code === "INTERRUPTED") expect(lines[0]).toBe("error: interrupted (INTERRUPTED)");
  const [object] = aws.objects.keys();
  // Of an upload whose answer nobody heard nothing can be said.
  if (object !== undefined && faults["PutObject"] === undefined)
    expect(lines[1]).toContain(`s3://${BUCKET}/${object} stay: run the same command again`);
  expect(stdout).toBe("");
  expect(code).toBe(exitCode);
  expect(aws.jobs.size).toBe(0);
  expect(aws.objects.size).toBe(given.leavesImage ? 1 : 0);
});

test("the publish that the table breaks works when nothing does", async () => {
  const { code, stderr } = await fota(GOOD);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect([aws.jobs.size, aws.objects.size]).toEqual([1, 1]);
});

test.each<[what: string, more: string[], says: RegExp, env?: Record<string, string>]>([
  ["--continuous for things alone", ["--continuous"], /nothing can join pump-1 later.*never completes/],
  ["--continuous for things, to an end", ["--continuous", "--end", "+1d"], /nothing can join pump-1 later/],
  [
    "an abort rule that can never hold",
    ["--abort-on", "failed>10% after 20"],
    /failed>10% after 20.* 1 thing/,
  ],
  [
    "an abort rule without a rate",
    ["--abort-on", "failed>10% after 1", "--to", "pump-2"],
    /all 2 things get the job\s+at once\. Add --rate or --ramp/,
  ],
])("%s is said, and published", async (_what, more, says, env = {}) => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const { code, stderr } = await fota([...GOOD, ...more]);
  expect(stderr).toMatch(/^warning: [^\n]+\n$/);
  expect(stderr).toMatch(says);
  expect(code).toBe(0);
  expect(aws.jobs.size).toBe(1);
});

test("--json has each warning with its code, planned and published", async () => {
  const args = [...GOOD, "--abort-on", "failed>10% after 20", "--json"];
  const warnings = [
    {
      code: "OPTION_INEFFECTIVE",
      message: '--abort-on "failed>10% after 20" never cancels the job: it has 1 thing',
    },
  ];
  const planned = v.parse(publishOutputSchema, JSON.parse((await fota([...args, "--dry-run"])).stdout));
  expect(planned.plan?.warnings).toEqual(warnings);
  const published = v.parse(publishOutputSchema, JSON.parse((await fota(args)).stdout));
  expect(published.warnings).toEqual(warnings);
  const without = v.parse(publishOutputSchema, JSON.parse((await fota([...GOOD, "--json"])).stdout));
  expect(without).not.toHaveProperty("warnings");
});

test.each([
  ["an abort rule within reach", ["--abort-on", "failed>10% after 1"]],
  [
    "an abort rule for a group that may grow",
    ["--abort-on", "any>1% after 20", "--to", "group:beta", "--continuous", "--end", "+1d"],
  ],
  ["--continuous for the sake of windows", ["--continuous", "--window", "0 2 * * * 60m", "--end", "+1d"]],
])("%s needs no warning", async (_what, more) => {
  expect(await fota([...GOOD, ...more])).toMatchObject({ code: 0, stderr: "" });
});

test("a second run goes on from what a failed one left", async () => {
  aws.faults.set("CreateJob", refused());
  expect((await fota(GOOD)).code).toBe(1);
  aws.faults.clear();
  aws.asked.length = 0;
  expect((await fota(GOOD)).code).toBe(0);
  expect(aws.asked).not.toContain("PutObject");
  expect(aws.jobs.size).toBe(1);
});

test("an answer of CreateJob that got lost does not make the job a failure", async () => {
  aws.faults.set("CreateJob", { status: 409, error: "ResourceAlreadyExistsException" });
  const { stdout } = await fota([...GOOD, "--dry-run", "--json"]);
  const { jobId, document, targets } = JSON.parse(stdout);
  // The job is there, and DescribeJob did not know it yet at the time of the plan.
  aws.faults.set("DescribeJob", {
    before: () =>
      void (
        aws.asked.includes("CreateJob") &&
        aws.jobs.set(jobId, { targets, document: JSON.stringify(document) })
      ),
  });
  const { code, stderr } = await fota(GOOD);
  expect(stderr).toBe("");
  expect(code).toBe(0);
});
