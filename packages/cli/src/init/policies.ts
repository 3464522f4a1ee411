/** What names the resources of a policy. */
export interface PolicyScope {
  region: string;
  account: string;
  bucket: string;
  /** Of the images' keys; may be empty. */
  prefix: string;
}

export interface Policy {
  Version: "2012-10-17";
  Statement: object[];
}

/** Lets AWS IoT of this account and region, and nobody else, take on the role. */
export function trustPolicy({ region, account }: PolicyScope): Policy {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "iot.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: {
          StringEquals: { "aws:SourceAccount": account },
          // No narrower: AWS IoT Developer Guide, "Cross-service confused deputy prevention" has it end in `:*`.
          ArnLike: { "aws:SourceArn": `arn:${partitionOf(region)}:iot:${region}:${account}:*` },
        },
      },
    ],
  };
}

/** Lets the role read the images, and nothing else. */
export function imagesPolicy({ region, bucket, prefix }: PolicyScope): Policy {
  const keys = prefix === "" ? "*" : `${prefix}/*`;
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:GetObjectVersion"],
        Resource: `arn:${partitionOf(region)}:s3:::${bucket}/${keys}`,
      },
    ],
  };
}

function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}
