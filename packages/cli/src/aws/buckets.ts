import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  GetBucketEncryptionCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  type PublicAccessBlockConfiguration,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
} from "@aws-sdk/client-s3";
import { FotaError } from "@fota/shared";
import { absentIf, httpStatusOf, nameOf } from "./errors.js";
import type { S3 } from "./s3.js";

export interface BucketEncryption {
  /** `AES256`, `aws:kms` or `aws:kms:dsse`. */
  algorithm: string;
  /** `undefined` when S3 uses AWS's own key. */
  kmsKeyId: string | undefined;
}

const PAGE_SIZE = 20;

/**
 * Checks that a bucket exists in the client's region.
 * @throws {FotaError} BUCKET_NOT_FOUND, BUCKET_WRONG_REGION, ACCESS_DENIED
 */
export async function checkBucket({ client, call }: S3, bucket: string): Promise<void> {
  const action = `s3:ListBucket on bucket ${bucket}, and its name must be right`;
  await call({ doing: `use bucket ${bucket}`, action }, async (options) => {
    try {
      await client.send(new HeadBucketCommand({ Bucket: bucket }), options);
    } catch (error) {
      throw bucketFault(error, bucket) ?? error;
    }
  });
}

/** Returns the names of the buckets in a region. */
export async function listBuckets({ client, call }: S3, region: string): Promise<string[]> {
  const command = new ListBucketsCommand({ BucketRegion: region });
  return await call({ doing: "list buckets", action: "s3:ListAllMyBuckets" }, async (options) => {
    const { Buckets = [] } = await client.send(command, options);
    return Buckets.flatMap(({ Name, BucketRegion = region }) =>
      Name !== undefined && BucketRegion === region ? [Name] : [],
    );
  });
}

/** Creates a bucket; does nothing if this account already has it. @throws {FotaError} BUCKET_TAKEN */
export async function createBucket({ client, call }: S3, bucket: string, region: string): Promise<void> {
  await call({ doing: `create bucket ${bucket}`, action: "s3:CreateBucket" }, async (options) => {
    // S3 creates a bucket in us-east-1 when no region is given, and refuses the name us-east-1 here.
    const LocationConstraint = region as BucketLocationConstraint;
    const elsewhere = region !== "us-east-1" && { CreateBucketConfiguration: { LocationConstraint } };
    try {
      await client.send(new CreateBucketCommand({ Bucket: bucket, ...elsewhere }), options);
    } catch (error) {
      if (nameOf(error) === "BucketAlreadyOwnedByYou") return;
      if (nameOf(error) !== "BucketAlreadyExists") throw error;
      throw new FotaError("BUCKET_TAKEN", `bucket ${bucket} belongs to another account`, {
        hint: "bucket names are unique in the world: choose another one",
        cause: error,
      });
    }
  });
}

/** Returns which kinds of public access are blocked; `undefined`: none. */
export async function publicAccessBlockOf(
  { client, call }: S3,
  bucket: string,
): Promise<PublicAccessBlockConfiguration | undefined> {
  const doing = `read the public access block of ${bucket}`;
  return await call({ doing, action: "s3:GetBucketPublicAccessBlock" }, async (options) => {
    const command = new GetPublicAccessBlockCommand({ Bucket: bucket });
    const answer = await client
      .send(command, options)
      .catch(absentIf("NoSuchPublicAccessBlockConfiguration"));
    return answer?.PublicAccessBlockConfiguration;
  });
}

/** Blocks all four kinds of public access. */
export async function blockPublicAccess({ client, call }: S3, bucket: string): Promise<void> {
  const PublicAccessBlockConfiguration = {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  };
  const command = new PutPublicAccessBlockCommand({ Bucket: bucket, PublicAccessBlockConfiguration });
  const doing = `block public access of ${bucket}`;
  await call({ doing, action: "s3:PutBucketPublicAccessBlock" }, (options) => client.send(command, options));
}

export async function isVersioned({ client, call }: S3, bucket: string): Promise<boolean> {
  const doing = `read the versioning of ${bucket}`;
  return await call({ doing, action: "s3:GetBucketVersioning" }, async (options) => {
    const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket: bucket }), options);
    return Status === "Enabled";
  });
}

export async function enableVersioning({ client, call }: S3, bucket: string): Promise<void> {
  const VersioningConfiguration = { Status: "Enabled" } as const;
  const command = new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration });
  const doing = `switch on versioning of ${bucket}`;
  await call({ doing, action: "s3:PutBucketVersioning" }, (options) => client.send(command, options));
}

export async function encryptionOf({ client, call }: S3, bucket: string): Promise<BucketEncryption> {
  const doing = `read the encryption of ${bucket}`;
  return await call({ doing, action: "s3:GetEncryptionConfiguration" }, async (options) => {
    const answer = await client.send(new GetBucketEncryptionCommand({ Bucket: bucket }), options);
    const rule = answer.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
    return { algorithm: rule?.SSEAlgorithm ?? "AES256", kmsKeyId: rule?.KMSMasterKeyID };
  });
}

/** Returns the bucket's policy as JSON text; `undefined`: it has none. */
export async function policyOf({ client, call }: S3, bucket: string): Promise<string | undefined> {
  const doing = `read the policy of ${bucket}`;
  return await call({ doing, action: "s3:GetBucketPolicy" }, async (options) => {
    const command = new GetBucketPolicyCommand({ Bucket: bucket });
    return (await client.send(command, options).catch(absentIf("NoSuchBucketPolicy")))?.Policy;
  });
}

/** Returns the key of any object below a prefix that is not empty. */
export async function anyObject(
  { client, call }: S3,
  bucket: string,
  prefix: string,
): Promise<{ key: string; sizeBytes: number } | undefined> {
  const Prefix = prefix === "" ? undefined : `${prefix}/`;
  const command = new ListObjectsV2Command({ Bucket: bucket, Prefix, MaxKeys: PAGE_SIZE });
  const doing = `list the objects in ${bucket}`;
  return await call({ doing, action: "s3:ListBucket" }, async (options) => {
    const { Contents = [] } = await client.send(command, options);
    const found = Contents.flatMap(({ Key: key, Size: sizeBytes = 0 }) =>
      key !== undefined && sizeBytes > 0 ? [{ key, sizeBytes }] : [],
    );
    return found[0];
  });
}

/** Returns the keys of up to `max` objects below a prefix. */
export async function listKeys(
  { client, call }: S3,
  bucket: string,
  prefix: string,
  max: number,
): Promise<string[]> {
  const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: `${prefix}/`, MaxKeys: max });
  const doing = `list the objects in ${bucket}`;
  return await call({ doing, action: "s3:ListBucket" }, async (options) => {
    const { Contents = [] } = await client.send(command, options);
    return Contents.flatMap(({ Key }) => Key ?? []);
  });
}

function bucketFault(error: unknown, bucket: string): FotaError | undefined {
  const status = httpStatusOf(error);
  const actual = bucketRegionOf(error);
  if (status === 404) {
    return new FotaError("BUCKET_NOT_FOUND", `there is no bucket ${JSON.stringify(bucket)}`, {
      hint: `check its spelling, or create it: \`aws s3 mb s3://${bucket}\` (for the stand-in: \`fota local --bucket\`)`,
      cause: error,
    });
  }
  if (status === 301 || status === 307 || (status === 400 && actual !== undefined)) {
    return new FotaError("BUCKET_WRONG_REGION", `bucket ${bucket} is in ${actual ?? "another region"}`, {
      hint: `give --region ${actual ?? "with the bucket's region"}, or a bucket in the region of the things`,
      cause: error,
    });
  }
  return undefined;
}

/** Returns the bucket's region, which S3 puts into a header of refusals too. */
function bucketRegionOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("$response" in error)) return undefined;
  const { headers } = error.$response as { headers?: Record<string, string> };
  return headers?.["x-amz-bucket-region"];
}
