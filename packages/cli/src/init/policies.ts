import { DEVICE_POLICY_NAME } from "../aws/device-policy.js";

/** The name of the role's own policy. */
export const IMAGES_POLICY_NAME = "fota-images";

/** Names the resources of a policy. */
export interface PolicyScope {
  /** @default that of the region */
  partition?: string;
  region: string;
  account: string;
  bucket: string;
  /** Begins the images' keys; may be empty. */
  prefix: string;
}

export interface Policy {
  Version: "2012-10-17";
  Statement: object[];
}

/** Lets AWS IoT assume the role, only for this account and region. */
export function trustPolicy({ region, account, partition = partitionOf(region) }: PolicyScope): Policy {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "iot.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: {
          StringEquals: { "aws:SourceAccount": account },
          // AWS requires this width: IoT Developer Guide, "Cross-service confused deputy prevention", ends the ARN in
          // `:*`.
          ArnLike: { "aws:SourceArn": `arn:${partition}:iot:${region}:${account}:*` },
        },
      },
    ],
  };
}

/** Lets the role read the images and nothing else. */
export function imagesPolicy({
  region,
  bucket,
  prefix,
  partition = partitionOf(region),
}: PolicyScope): Policy {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:GetObjectVersion"],
        Resource: `arn:${partition}:s3:::${bucket}/${keysOf(prefix)}`,
      },
    ],
  };
}

/**
 * Returns what publish, rollout, status, fleet, cancel and doctor need: docs/operations.md has the same to copy. `role` is the name of
 * the role that AWS IoT presigns with; without it, fota presigns.
 */
export function publisherPolicy(
  { region, account, bucket, prefix, partition = partitionOf(region) }: PolicyScope,
  role: string | undefined,
): Policy {
  const ofIot = (kind: string) => `arn:${partition}:iot:${region}:${account}:${kind}/*`;
  const bucketArn = `arn:${partition}:s3:::${bucket}`;
  return {
    Version: "2012-10-17",
    Statement: [
      allow(IMAGE_ACTIONS, `${bucketArn}/${keysOf(prefix)}`),
      allow(BUCKET_ACTIONS, bucketArn),
      allow(JOB_ACTIONS, [ofIot("job"), ofIot("thing"), ofIot("thinggroup")]),
      allow(PACKAGE_ACTIONS, ofIot("package")),
      allow(INDEX_ACTIONS, [ofIot("index"), ofIot("thinggroup")]),
      allow(LIST_ACTIONS, "*"),
      ...(role === undefined
        ? []
        : [allow(["iam:GetRole", "iam:PassRole"], `arn:${partition}:iam::${account}:role/${role}`)]),
    ],
  };
}

/** Returns what `fota thing` needs: docs/operations.md has the same to copy. */
export function operatorPolicy({
  region,
  account,
  partition = partitionOf(region),
}: Pick<PolicyScope, "region" | "account" | "partition">): Policy {
  const ofIot = (resource: string) => `arn:${partition}:iot:${region}:${account}:${resource}`;
  const [things, groups, jobs] = [ofIot("thing/*"), ofIot("thinggroup/*"), ofIot("job/*")];
  return {
    Version: "2012-10-17",
    Statement: [
      allow(THING_ACTIONS, things),
      allow(["iot:DescribeThingGroup", "iot:AddThingToThingGroup"], [things, groups]),
      allow("iot:DescribeJobExecution", [things, jobs]),
      allow(CERTIFICATE_ACTIONS, ofIot("cert/*")),
      allow(DEVICE_POLICY_ACTIONS, ofIot(`policy/${DEVICE_POLICY_NAME}`)),
      allow(UNLIMITED_ACTIONS, "*"),
    ],
  };
}

function allow(Action: string | string[], Resource: string | string[]): object {
  return { Effect: "Allow", Action, Resource };
}

const IMAGE_ACTIONS = [
  "s3:PutObject",
  "s3:GetObject",
  "s3:GetObjectVersion",
  "s3:AbortMultipartUpload",
  "s3:ListMultipartUploadParts",
];
const BUCKET_ACTIONS = [
  "s3:ListBucket",
  "s3:ListBucketMultipartUploads",
  "s3:GetBucketPublicAccessBlock",
  "s3:GetBucketVersioning",
  "s3:GetEncryptionConfiguration",
  "s3:GetBucketPolicy",
];
const JOB_ACTIONS = [
  "iot:CreateJob",
  "iot:DescribeJob",
  "iot:GetJobDocument",
  "iot:CancelJob",
  "iot:TagResource",
  "iot:ListTagsForResource",
  "iot:ListJobExecutionsForJob",
  "iot:DescribeJobExecution",
  "iot:CancelJobExecution",
  "iot:ListJobExecutionsForThing",
  "iot:DescribeThing",
  "iot:DescribeThingGroup",
  "iot:ListThingsInThingGroup",
  "iot:ListThingGroupsForThing",
  "iot:GetThingConnectivityData",
];
const INDEX_ACTIONS = [
  "iot:SearchIndex",
  "iot:GetStatistics",
  "iot:GetBucketsAggregation",
  "iot:CreateDynamicThingGroup",
];
/** For `--package`, with CreateJob, which AWS checks for the packages too. */
const PACKAGE_ACTIONS = [
  "iot:GetPackage",
  "iot:CreatePackage",
  "iot:GetPackageVersion",
  "iot:CreatePackageVersion",
  "iot:UpdatePackageVersion",
  "iot:CreateJob",
];
const LIST_ACTIONS = [
  "iot:ListJobs",
  "iot:ListThings",
  "iot:ListThingGroups",
  "iot:DescribeEndpoint",
  "iot:GetPackageConfiguration",
  "iot:GetIndexingConfiguration",
];

const THING_ACTIONS = [
  "iot:CreateThing",
  "iot:DescribeThing",
  "iot:UpdateThing",
  "iot:DeleteThing",
  "iot:ListThingPrincipals",
  "iot:ListThingGroupsForThing",
  "iot:GetThingConnectivityData",
  "iot:ListJobExecutionsForThing",
];
const CERTIFICATE_ACTIONS = [
  "iot:DescribeCertificate",
  "iot:UpdateCertificate",
  "iot:DeleteCertificate",
  "iot:AttachThingPrincipal",
  "iot:DetachThingPrincipal",
  "iot:ListPrincipalThings",
  "iot:AttachPolicy",
  "iot:DetachPolicy",
];
const DEVICE_POLICY_ACTIONS = [
  "iot:CreatePolicy",
  "iot:GetPolicy",
  "iot:DeletePolicy",
  "iot:ListTargetsForPolicy",
];
const UNLIMITED_ACTIONS = [
  "iot:CreateCertificateFromCsr",
  "iot:DescribeEndpoint",
  "iot:ListAttachedPolicies",
  "iot:ListThings",
  "iot:ListThingGroups",
];

function keysOf(prefix: string): string {
  return prefix === "" ? "*" : `${prefix}/*`;
}

function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}
