import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { expect, test } from "vitest";
import { devicePolicy } from "../aws/device-policy.js";
import { cdkTemplate } from "./cdk.js";
import { cloudFormationTemplate } from "./cloudformation.js";
import { imagesPolicy, operatorPolicy, publisherPolicy, trustPolicy } from "./policies.js";
import { templateParts } from "./template-parts.js";
import { terraformTemplate } from "./terraform.js";

const ROLE = "fota-presign";
const NAMES = { bucket: "fw-releases", prefix: "fota" };
const WHERE = { partition: "aws", region: "eu-west-1", account: "123456789012" };

/** The policies that fota's commands use, for a certain account. */
function policiesFor(role: string | undefined) {
  const scope = { ...WHERE, ...NAMES };
  return {
    ...(role !== undefined && { trust: trustPolicy(scope), images: imagesPolicy(scope) }),
    publisher: publisherPolicy(scope, role),
    operator: operatorPolicy(scope),
    device: devicePolicy("arn:aws:iot:eu-west-1:123456789012"),
  };
}

/** A resource of a CloudFormation template. */
interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
}

/** Fills in what CloudFormation would. */
function deployed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(deployed);
  if (typeof value !== "object" || value === null) return value;
  if ("Fn::Sub" in value) {
    return String(value["Fn::Sub"])
      .replaceAll("${AWS::Partition}", WHERE.partition)
      .replaceAll("${AWS::Region}", WHERE.region)
      .replaceAll("${AWS::AccountId}", WHERE.account)
      .replaceAll("${!", "${");
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, deployed(each)]));
}

function ofCloudFormation(role: string | undefined) {
  const text = cloudFormationTemplate(templateParts({ ...NAMES, role }));
  const { Resources } = deployed(JSON.parse(text)) as { Resources: Record<string, Resource> };
  const { PresignRole, Publisher, Operator, Device, Images } = Resources;
  const [inline] = (PresignRole?.Properties["Policies"] ?? []) as { PolicyDocument: unknown }[];
  return {
    policies: {
      ...(PresignRole && {
        trust: PresignRole.Properties["AssumeRolePolicyDocument"],
        images: inline?.PolicyDocument,
      }),
      publisher: Publisher?.Properties["PolicyDocument"],
      operator: Operator?.Properties["PolicyDocument"],
      device: Device?.Properties["PolicyDocument"],
    },
    bucket: Images?.Properties["BucketName"],
  };
}

/** Evaluates the `jsonencode` of each resource as Terraform would. */
function ofTerraform(role: string | undefined) {
  const text = terraformTemplate(templateParts({ ...NAMES, role }));
  const policies = [...text.matchAll(/= jsonencode\((\{.*?\n {2}\})\)/gs)].map(([, json = ""]) =>
    JSON.parse(
      json
        .replaceAll("${local.partition}", WHERE.partition)
        .replaceAll("${local.region}", WHERE.region)
        .replaceAll("${local.account}", WHERE.account)
        .replaceAll("$${", "${"),
    ),
  );
  const [publisher, operator, device] = policies.slice(-3);
  const [trust, images] = policies.slice(0, -3);
  return {
    policies: { ...(trust !== undefined && { trust, images }), publisher, operator, device },
    bucket: /resource "aws_s3_bucket" "images" \{\n {2}bucket = "(.*)"/.exec(text)?.[1],
  };
}

/** Runs the stack with constructs that only note what they get. */
async function ofCdk(role: string | undefined) {
  const { code } = await transform(cdkTemplate(templateParts({ ...NAMES, role })), {
    loader: "ts",
    format: "cjs",
  });
  const made: Record<string, Record<string, unknown>> = {};
  class Construct {
    constructor(_scope: unknown, id: string, props: Record<string, unknown>) {
      made[id] = props;
    }
  }
  class Stack {
    partition = WHERE.partition;
    region = WHERE.region;
    account = WHERE.account;
  }
  const modules: Record<string, object> = {
    "aws-cdk-lib": {
      Stack,
      Duration: { days: (count: number) => count },
      RemovalPolicy: { RETAIN: "retain" },
    },
    "aws-cdk-lib/aws-iam": { CfnRole: Construct, CfnManagedPolicy: Construct },
    "aws-cdk-lib/aws-iot": { CfnPolicy: Construct },
    "aws-cdk-lib/aws-s3": { Bucket: Construct, BlockPublicAccess: { BLOCK_ALL: "all" } },
  };
  const exported: { exports: { FotaStack?: new () => object } } = { exports: {} };
  new Function("module", "require", code)(exported, (name: string) => modules[name]);
  const { FotaStack } = exported.exports;
  if (FotaStack === undefined) throw new Error("the template exports no FotaStack");
  new FotaStack();
  const { PresignRole, Publisher, Operator, Device, Images } = made;
  const [inline] = (PresignRole?.["policies"] ?? []) as { policyDocument: unknown }[];
  return {
    policies: {
      ...(PresignRole && { trust: PresignRole["assumeRolePolicyDocument"], images: inline?.policyDocument }),
      publisher: Publisher?.["policyDocument"],
      operator: Operator?.["policyDocument"],
      device: Device?.["policyDocument"],
    },
    bucket: Images?.["bucketName"],
  };
}

const FORMATS = [
  ["cloudformation", ofCloudFormation],
  ["terraform", ofTerraform],
  ["cdk", ofCdk],
] as const;

test.each(FORMATS)("%s has the policies that fota's commands use", async (_format, read) => {
  expect(await read(ROLE)).toEqual({ policies: policiesFor(ROLE), bucket: "fw-releases" });
});

test.each(FORMATS)("%s has no role where fota presigns", async (_format, read) => {
  expect(await read(undefined)).toEqual({ policies: policiesFor(undefined), bucket: "fw-releases" });
});

test("the publisher's policy is the one in docs/operations.md", async () => {
  expect(policiesFor(ROLE).publisher).toEqual(
    await policyIn("operations.md", "### Permissions of a publisher"),
  );
});

test("the operator's policy is the one in docs/operations.md", async () => {
  expect(policiesFor(ROLE).operator).toEqual(await policyIn("operations.md", "### Permissions for things"));
});

test("the device's policy is the one in docs/device-guide.md", async () => {
  expect(devicePolicy("arn:aws:iot:REGION:ACCOUNT")).toEqual(
    await policyIn("device-guide.md", "## What the certificate may do"),
  );
});

/** Returns the first JSON block below a heading. */
async function policyIn(page: string, heading: string): Promise<unknown> {
  const path = fileURLToPath(new URL(`../../../../docs/${page}`, import.meta.url));
  const text = await readFile(path, "utf8");
  const [, json = ""] = /```json\n(.*?)```/s.exec(text.slice(text.indexOf(`\n${heading}\n`))) ?? [];
  return JSON.parse(json);
}

test("managed policies are within the limit of IAM, and the device's within that of AWS IoT", () => {
  const { publisher, operator, device } = policiesFor(ROLE);
  for (const managed of [publisher, operator]) expect(JSON.stringify(managed).length).toBeLessThan(6_144);
  expect(JSON.stringify(device).length).toBeLessThan(2_048);
});
