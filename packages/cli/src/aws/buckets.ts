import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  GetBucketEncryptionCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  type PublicAccessBlockConfiguration,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { FotaError } from "@fota/shared";
import { type AwsAccess, clientConfig, needsPathStyle } from "./access.js";
import { nameOf, translateAwsError } from "./errors.js";
import { watchRequests } from "./watch.js";

export interface BucketEncryption {
  /** `AES256`, `aws:kms` or `aws:kms:dsse`. */
  algorithm: string;
  /** `undefined`: AWS's own key for S3. */
  kmsKeyId: string | undefined;
}

/** Buckets as such; `images.ts` is what is in them. */
export interface Buckets {
  /** Names of the buckets in a region. */
  list(region: string): Promise<string[]>;
  /** With all public access blocked. One that is ours already stays as it is. @throws {FotaError} BUCKET_TAKEN */
  create(bucket: string, region: string): Promise<void>;
  /** `undefined`: nothing is blocked. */
  publicAccessBlock(bucket: string): Promise<PublicAccessBlockConfiguration | undefined>;
  blockPublicAccess(bucket: string): Promise<void>;
  isVersioned(bucket: string): Promise<boolean>;
  enableVersioning(bucket: string): Promise<void>;
  encryption(bucket: string): Promise<BucketEncryption>;
  /** JSON; `undefined`: there is none. */
  policy(bucket: string): Promise<string | undefined>;
  /** Any object under a prefix that is not empty. */
  anyObject(bucket: string, prefix: string): Promise<{ key: string; sizeBytes: number } | undefined>;
  close(): void;
}

const PAGE_SIZE = 20;

export function openBuckets(access: AwsAccess, signal: AbortSignal): Buckets {
  const endpoint = access.s3Endpoint;
  const client = new S3Client({
    ...clientConfig(access, endpoint),
    forcePathStyle: needsPathStyle(endpoint),
  });
  watchRequests(client, access.clock);
  const options = { abortSignal: signal };

  async function call<T>(doing: string, action: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw translateAwsError(error, { doing, action, endpoint });
    }
  }

  return {
    list: (region) =>
      call("list buckets", "s3:ListAllMyBuckets", async () => {
        const { Buckets = [] } = await client.send(new ListBucketsCommand({ BucketRegion: region }), options);
        return Buckets.flatMap(({ Name, BucketRegion }) =>
          Name !== undefined && (BucketRegion ?? region) === region ? [Name] : [],
        );
      }),

    create: (bucket, region) =>
      call(`make bucket ${bucket}`, "s3:CreateBucket", async () => {
        // us-east-1 is where S3 makes buckets that say nothing, and refuses to be named.
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
      }),

    publicAccessBlock: (bucket) =>
      call(`read the public access block of ${bucket}`, "s3:GetBucketPublicAccessBlock", async () => {
        try {
          const command = new GetPublicAccessBlockCommand({ Bucket: bucket });
          return (await client.send(command, options)).PublicAccessBlockConfiguration;
        } catch (error) {
          if (nameOf(error) === "NoSuchPublicAccessBlockConfiguration") return undefined;
          throw error;
        }
      }),

    blockPublicAccess: (bucket) =>
      call(`block public access of ${bucket}`, "s3:PutBucketPublicAccessBlock", async () => {
        const PublicAccessBlockConfiguration = {
          BlockPublicAcls: true,
          IgnorePublicAcls: true,
          BlockPublicPolicy: true,
          RestrictPublicBuckets: true,
        };
        const command = new PutPublicAccessBlockCommand({ Bucket: bucket, PublicAccessBlockConfiguration });
        await client.send(command, options);
      }),

    isVersioned: (bucket) =>
      call(`read the versioning of ${bucket}`, "s3:GetBucketVersioning", async () => {
        const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket: bucket }), options);
        return Status === "Enabled";
      }),

    enableVersioning: (bucket) =>
      call(`switch on versioning of ${bucket}`, "s3:PutBucketVersioning", async () => {
        const VersioningConfiguration = { Status: "Enabled" } as const;
        await client.send(
          new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }),
          options,
        );
      }),

    encryption: (bucket) =>
      call(`read the encryption of ${bucket}`, "s3:GetEncryptionConfiguration", async () => {
        const answer = await client.send(new GetBucketEncryptionCommand({ Bucket: bucket }), options);
        const rule = answer.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
        return { algorithm: rule?.SSEAlgorithm ?? "AES256", kmsKeyId: rule?.KMSMasterKeyID };
      }),

    policy: (bucket) =>
      call(`read the policy of ${bucket}`, "s3:GetBucketPolicy", async () => {
        try {
          return (await client.send(new GetBucketPolicyCommand({ Bucket: bucket }), options)).Policy;
        } catch (error) {
          if (nameOf(error) === "NoSuchBucketPolicy") return undefined;
          throw error;
        }
      }),

    anyObject: (bucket, prefix) =>
      call(`list the objects in ${bucket}`, "s3:ListBucket", async () => {
        const Prefix = prefix === "" ? undefined : `${prefix}/`;
        const command = new ListObjectsV2Command({ Bucket: bucket, Prefix, MaxKeys: PAGE_SIZE });
        const { Contents = [] } = await client.send(command, options);
        const found = Contents.find(({ Size = 0 }) => Size > 0);
        return found?.Key === undefined ? undefined : { key: found.Key, sizeBytes: found.Size ?? 0 };
      }),

    close: () => client.destroy(),
  };
}
