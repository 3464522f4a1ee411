import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { type AwsAccess, clientConfig, needsPathStyle } from "./access.js";
import { nameOf, translateAwsError } from "./errors.js";

/** Makes buckets in the stand-in; one that exists already stays as it is. */
export async function createBuckets(
  access: AwsAccess,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const endpoint = access.s3Endpoint;
  const client = new S3Client({
    ...clientConfig(access, endpoint),
    forcePathStyle: needsPathStyle(endpoint),
  });
  try {
    for (const name of names) {
      await client
        .send(new CreateBucketCommand({ Bucket: name }), { abortSignal: signal })
        .catch((error: unknown) => {
          if (nameOf(error) === "BucketAlreadyOwnedByYou") return;
          throw translateAwsError(error, {
            doing: `make bucket ${name}`,
            action: "s3:CreateBucket",
            endpoint,
          });
        });
    }
  } finally {
    client.destroy();
  }
}
