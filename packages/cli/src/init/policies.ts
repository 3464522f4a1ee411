/** Names the resources of a policy. */
export interface PolicyScope {
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
          // AWS requires this width: IoT Developer Guide, "Cross-service confused deputy prevention", ends the ARN in
          // `:*`.
          ArnLike: { "aws:SourceArn": `arn:${partitionOf(region)}:iot:${region}:${account}:*` },
        },
      },
    ],
  };
}

/** Lets the role read the images and nothing else. */
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
