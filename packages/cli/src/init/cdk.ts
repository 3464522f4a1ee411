import { ABORT_UPLOADS_AFTER_DAYS, fillMarks, hasMarks, type TemplateParts } from "./template-parts.js";

const VARIABLES = { partition: "${partition}", region: "${region}", account: "${account}" };

/** Returns a stack for the AWS CDK, in TypeScript. */
export function cdkTemplate({ bucket, role, publisher, operator, device }: TemplateParts): string {
  const roleLines =
    role === undefined
      ? []
      : [
          `new iam.CfnRole(this, "PresignRole", {`,
          `  roleName: ${JSON.stringify(role.name)},`,
          `  assumeRolePolicyDocument: ${literal(role.trust)},`,
          `  policies: [{ policyName: ${JSON.stringify(role.policyName)}, policyDocument: ${literal(role.policy)} }],`,
          "});",
        ];
  const lines = [
    "const { partition, region, account } = this;",
    `new s3.Bucket(this, "Images", {`,
    `  bucketName: ${JSON.stringify(bucket)},`,
    "  blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,",
    "  versioned: true,",
    "  removalPolicy: RemovalPolicy.RETAIN,",
    `  lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(${ABORT_UPLOADS_AFTER_DAYS}) }],`,
    "});",
    ...roleLines,
    `new iam.CfnManagedPolicy(this, "Publisher", {`,
    `  managedPolicyName: ${JSON.stringify(publisher.policyName)},`,
    `  policyDocument: ${literal(publisher.policy)},`,
    "});",
    `new iam.CfnManagedPolicy(this, "Operator", {`,
    `  managedPolicyName: ${JSON.stringify(operator.policyName)},`,
    `  policyDocument: ${literal(operator.policy)},`,
    "});",
    `new iot.CfnPolicy(this, "Device", {`,
    `  policyName: ${JSON.stringify(device.policyName)},`,
    `  policyDocument: ${literal(device.policy)},`,
    "});",
  ];
  return `${HEAD}\n${lines.join("\n").replace(/^/gm, "    ")}\n  }\n}`;
}

const HEAD = `import { Duration, RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import * as iot from "aws-cdk-lib/aws-iot";
import * as s3 from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";

/** Bucket, role and policies of fota. */
export class FotaStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);`;

/** Writes a value as TypeScript: a text that has something to fill in becomes a template literal. */
function literal(value: object): string {
  const json = JSON.stringify(value, null, 2).replaceAll("\n", "\n  ");
  return json.replace(/"([^"\\]*)"/g, (quoted, text: string) =>
    hasMarks(text) ? `\`${fillMarks(text, VARIABLES, "\\${")}\`` : quoted,
  );
}
