import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateThingCommand, IoTClient } from "@aws-sdk/client-iot";
import { type Local, startLocal } from "@fota/local";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { standInAccess } from "../src/aws/access.js";
import { createBucket, isVersioned, listBuckets, publicAccessBlockOf } from "../src/aws/buckets.js";
import { openS3, type S3 } from "../src/aws/s3.js";
import { initResultSchema, printedTemplateSchema } from "../src/init/result.js";
import { readConfigFile } from "../src/settings/config-file.js";
import { runFota } from "./in-process.js";
import { roleAnswer, type ScriptedAws, startScriptedAws } from "./scripted-aws.js";
import { stubEnvironment } from "./stub-environment.js";

let folder: string;
let local: Local;
let s3: S3;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-init-"));
  local = await startLocal();
  s3 = openS3(standInAccess(local.endpoint, local.region), new AbortController().signal);
  stubEnvironment({ AWS_ENDPOINT_URL: local.endpoint, AWS_REGION: local.region });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  s3.close();
  await local.stop();
  await rm(folder, { recursive: true });
});

const init = (args: readonly string[], typed?: readonly string[]) =>
  runFota(["init", ...args], { cwd: folder, ...(typed && { typed }) });
const written = async () => JSON.parse(await readFile(join(folder, "fota.config.json"), "utf8"));

describe("where nobody can be asked", () => {
  test("--yes makes the bucket, safely, and writes what every command then reads", async () => {
    const { code, stdout, stderr } = await init(["--bucket", "fw-releases", "--yes", "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    const result = v.parse(initResultSchema, JSON.parse(stdout));
    expect(result).toMatchObject({ account: "000000000000", made: ["bucket fw-releases"] });
    const { settings } =
      (await readConfigFile({ cwd: folder, homeDir: folder, env: {} }, undefined, () => {})) ?? {};
    expect(settings).toEqual({
      $schema: "./fota.config.schema.json",
      region: "us-east-1",
      bucket: "fw-releases",
      presign: "cli",
    });
    expect(await isVersioned(s3, "fw-releases")).toBe(true);
    expect(Object.values((await publicAccessBlockOf(s3, "fw-releases")) ?? {})).toEqual(Array(4).fill(true));
  });

  test("the schema is beside the file, or where the package is installed", async () => {
    await init(["--bucket", "fw-releases", "--yes"]);
    const copy = JSON.parse(await readFile(join(folder, "fota.config.schema.json"), "utf8"));
    expect(copy.title).toBe("fota.config.json");

    const installed = join(folder, "node_modules", "fota");
    await mkdir(installed, { recursive: true });
    await writeFile(join(installed, "fota.config.schema.json"), "{}");
    const product = join(folder, "product");
    await mkdir(product);
    await runFota(["init", "--bucket", "fw-releases", "--yes"], { cwd: product });
    expect(await readdir(product)).toEqual(["fota.config.json"]);
    const config = JSON.parse(await readFile(join(product, "fota.config.json"), "utf8"));
    expect(config.$schema).toBe("../node_modules/fota/fota.config.schema.json");
  });

  test.each([
    ["no bucket", [], 2, "--bucket"],
    ["no role for iot", ["--bucket", "fw-releases", "--presign", "iot"], 2, "--role"],
    ["a bucket to make, without --yes", ["--bucket", "fw-releases"], 1, "--yes"],
    ["a name that is none", ["--bucket", "Fw_Releases", "--yes"], 2, "not the name of a bucket"],
    ["a word that is no choice", ["--bucket", "fw-releases", "--presign", "me"], 2, "cli or iot"],
  ] as const)(
    "%s is an error that names what to give, and nothing is written",
    async (_what, args, exit, says) => {
      const { code, stderr } = await init(args);
      expect(code).toBe(exit);
      expect(stderr).toContain(says);
      expect(await readdir(folder)).toEqual([]);
      expect(await listBuckets(s3, local.region)).toEqual([]);
    },
  );

  test("a file that is there keeps its other keys, and is changed only with --yes", async () => {
    await createBucket(s3, "fw-releases", local.region);
    const before = { bucket: "old", confirmAbove: 5, futureKey: { a: 1 } };
    await writeFile(join(folder, "fota.config.json"), JSON.stringify(before));
    const refused = await init(["--bucket", "fw-releases"]);
    expect(refused.code).toBe(1);
    expect(await written()).toEqual(before);
    const { code, stderr } = await init(["--bucket", "fw-releases", "--yes"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/warning: .*unknown key "futureKey".*init keeps that setting/);
    expect(await written()).toMatchObject({ bucket: "fw-releases", confirmAbove: 5, futureKey: { a: 1 } });
  });

  test("--slot any takes the place of a slot in the file", async () => {
    await createBucket(s3, "fw-releases", local.region);
    await writeFile(join(folder, "fota.config.json"), JSON.stringify({ bucket: "fw-releases", slot: 1 }));
    await init(["--slot", "any", "--yes"]);
    expect(await written()).toMatchObject({ slots: [0, 1] });
    expect(await written()).not.toHaveProperty("slot");
    await init(["--slot", "0", "--yes"]);
    expect(await written()).toMatchObject({ slot: 0, slots: [0, 1] });
  });

  test("a file that is no JSON is not overwritten", async () => {
    await writeFile(join(folder, "fota.config.json"), "{bucket");
    const { code, stderr } = await init(["--bucket", "fw-releases", "--yes"]);
    expect(code).toBe(2);
    expect(stderr).toContain("CONFIG_INVALID");
    expect(await readFile(join(folder, "fota.config.json"), "utf8")).toBe("{bucket");
  });

  test("--config names the file; --local is what the others then use", async () => {
    await createBucket(s3, "fw-releases", local.region);
    const { code } = await init(["--bucket", "fw-releases", "--local", "--config", "ci.json"]);
    expect(code).toBe(0);
    const config = JSON.parse(await readFile(join(folder, "ci.json"), "utf8"));
    expect(config).toEqual({
      $schema: "./fota.config.schema.json",
      local: true,
      bucket: "fw-releases",
      presign: "cli",
      slots: [0, 1],
    });
  });

  test("--local needs no answer: the next publish names image and thing only", async () => {
    const { endpoint, region } = local;
    const iot = new IoTClient({
      endpoint,
      region,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
    await iot.send(new CreateThingCommand({ thingName: "pump-1" }));
    iot.destroy();
    const { code, stdout } = await init(["--local"]);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^created bucket firmware\nwrote .*\n\nnext: fota doctor\n$/),
    ]);
    await writeFile(join(folder, "app.bin"), "an image");
    const published = await runFota(["publish", "app.bin", "--to", "pump-1", "--json"], { cwd: folder });
    expect([published.code, JSON.parse(published.stdout).images]).toEqual([
      0,
      [expect.anything(), expect.anything()],
    ]);
    expect((await init(["--local"])).code).toBe(0);
  });

  test("--local does not turn a settings file for AWS into one for the stand-in without a yes", async () => {
    await writeFile(join(folder, "fota.config.json"), '{"bucket":"fw-releases"}');
    const { code, stderr } = await init(["--local"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("DECLINED")]);
    expect(await readFile(join(folder, "fota.config.json"), "utf8")).toBe('{"bucket":"fw-releases"}');
  });
});

describe("on a terminal", () => {
  test("it asks for what it cannot find out: a bucket of a list, who presigns", async () => {
    await createBucket(s3, "alpha-releases", local.region);
    await createBucket(s3, "beta-releases", local.region);
    await createBucket(s3, "far-away", "eu-north-1");
    const { code, stderr } = await init([], ["2", "", ""]);
    expect(code).toBe(0);
    expect(stderr).toContain("account 000000000000");
    expect(stderr).toMatch(/1 {2}alpha-releases\n +2 {2}beta-releases\n(?!.*far-away)/);
    expect(await written()).toMatchObject({ bucket: "beta-releases", presign: "cli" });
  });

  test("it asks which slots an image can run from; any slot is then the default of publish", async () => {
    await createBucket(s3, "fw-releases", local.region);
    const { stderr } = await init([], ["fw-releases", "", "any"]);
    expect(stderr).toContain("any or one [one]:");
    expect(await written()).toMatchObject({ slots: [0, 1] });
  });

  test("--yes asks nothing if the bucket is given, as the examples of its help run", async () => {
    await createBucket(s3, "fw-releases", local.region);
    const { code, stderr } = await init(["--bucket", "fw-releases", "--slot", "any", "--yes"], []);
    expect(stderr).not.toContain("[cli]");
    expect(code).toBe(0);
    expect(await written()).toMatchObject({ presign: "cli", slots: [0, 1] });
  });

  test("an invalid answer is reported with the choices", async () => {
    await createBucket(s3, "fw-releases", local.region);
    const { stderr } = await init(["--bucket", "fw-releases"], ["me", "", ""]);
    expect(stderr).toContain("type cli or iot, or press Enter for cli");
    expect(await written()).toMatchObject({ presign: "cli" });
  });

  test("a bucket to create is named in the question, and no creates none", async () => {
    const { code, stderr } = await init([], ["fw-releases", "cli", "one", "n"]);
    expect(code).toBe(1);
    expect(stderr).toContain("create bucket");
    expect(stderr).toContain("DECLINED");
    expect(await readdir(folder)).toEqual([]);
    expect(await listBuckets(s3, local.region)).toEqual([]);
  });
});

describe("on an AWS with roles", () => {
  let aws: ScriptedAws;
  beforeEach(async () => {
    aws = await startScriptedAws();
    const caller = "<Arn>arn:aws:iam::123456789012:user/ci</Arn><Account>123456789012</Account>";
    aws.faults.set("GetCallerIdentity", { body: `<R>${caller}</R>` });
    vi.stubEnv("AWS_ENDPOINT_URL", aws.endpoint);
  });
  afterEach(() => aws.stop());
  const args = ["--bucket", "fw-releases", "--role", "fota"];

  test("a role that is there is checked and written", async () => {
    expect((await init(args)).code).toBe(0);
    expect(await written()).toMatchObject({ presign: "iot", role: "fota" });
    expect(aws.asked).not.toContain("CreateRole");
  });

  test("a role that is not there is shown with its policies, and made after a yes", async () => {
    aws.faults.set("GetRole", { status: 404, error: "NoSuchEntity" });
    aws.faults.set("CreateRole", { body: roleAnswer() });
    aws.faults.set("PutRolePolicy", { body: "<PutRolePolicyResponse/>" });
    const declined = await init(args, ["one", "n"]);
    expect(declined.code).toBe(1);
    expect(declined.stderr).toContain('"aws:SourceAccount": "123456789012"');
    expect(declined.stderr).toContain('"Resource": "arn:aws:s3:::fw-releases/fota/*"');
    expect(aws.asked).not.toContain("CreateRole");
    const { code, stdout } = await init(args, ["one", "y"]);
    expect(code).toBe(0);
    expect(stdout).toContain("created role fota");
    expect(aws.asked.slice(-2)).toEqual(["CreateRole", "PutRolePolicy"]);
  });

  test.each([
    ["the name is another account's", "BucketAlreadyExists", 409, "BUCKET_TAKEN"],
    ["that is not allowed", "AccessDenied", 403, "s3:CreateBucket"],
  ])("a bucket that cannot be made as %s", async (_what, error, status, says) => {
    aws.faults.set("HeadBucket", { status: 404, error: "NotFound" });
    aws.faults.set("PutObject", { status, error }); // a PUT of S3, as this server tells them apart
    const { code, stderr } = await init(["--bucket", "fw-releases", "--yes"]);
    expect(code).toBe(1);
    expect(stderr).toContain(says);
    expect(await readdir(folder)).toEqual([]);
  });

  test("a role whose policy is refused is reported with what is left to do", async () => {
    aws.faults.set("GetRole", { status: 404, error: "NoSuchEntity" });
    aws.faults.set("CreateRole", { body: roleAnswer() });
    aws.faults.set("PutRolePolicy", { status: 403, error: "AccessDenied" });
    const { code, stderr } = await init([...args, "--yes"]);
    expect(code).toBe(1);
    expect(stderr.replace(/\s+/g, " ")).toContain("aws iam put-role-policy --role-name fota --policy-name");
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    ["GetCallerIdentity", "CREDENTIALS_REFUSED", "credentials"],
    ["HeadBucket", "ACCESS_DENIED", "s3:ListBucket"],
  ])("%s refused ends it with what that takes", async (operation, code, says) => {
    const error = operation === "HeadBucket" ? "" : "InvalidClientTokenId";
    aws.faults.set(operation, { status: 403, error });
    const { stderr } = await init([...args, "--yes"]);
    expect(stderr).toContain(code);
    expect(stderr).toContain(says);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("--print", () => {
  test.each(["cloudformation", "terraform", "cdk"])("%s is printed without a request", async (format) => {
    vi.stubEnv("AWS_ENDPOINT_URL", "http://127.0.0.1:1"); // nothing answers there
    const args = ["--print", format, "--bucket", "fw-releases", "--role", "presigner", "--json"];
    const { code, stdout, stderr } = await init(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const printed = v.parse(printedTemplateSchema, JSON.parse(stdout));
    expect(printed.format).toBe(format);
    for (const name of ["fw-releases", "presigner", "fota-publisher", "fota-operator", "fota-device"]) {
      expect(printed.template).toContain(name);
    }
    expect((await init(args.slice(0, -1))).stdout).toBe(`${printed.template}\n`);
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    [["--bucket", "fw-releases", "--role", "arn:aws:iam::123456789012:role/r"], "is not a valid role name"],
    [[], "no bucket is given"],
    [["--bucket", "s3://fw"], "is not the name of a bucket"],
    [["--bucket", "fw"], "hint: give 3 to 63 lowercase letters"],
  ])("%j is refused", async (args, message) => {
    const { code, stderr } = await init(["--print", "terraform", ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
