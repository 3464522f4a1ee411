import { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { httpStatusOf, nameOf } from "./errors.js";
import { IMAGE_MARK } from "./image-mark.js";
import type { ImageObject } from "./image-object.js";
import type { S3 } from "./s3.js";

/** What S3 knows of an object. Digests are of all of it, in hex, and `undefined` where S3 has none. */
export interface StoredImage {
  sizeBytes: number;
  sha256: string | undefined;
  md5: string | undefined;
  /** SHA-256 that `fota publish` left in the metadata of what it uploaded; `undefined`: something else made it. */
  mark: string | undefined;
}

/** Looks at an object with one request; `undefined`: it is not there. @throws {FotaError} ACCESS_DENIED */
export async function findImage(s3: S3, { bucket, key }: ImageObject): Promise<StoredImage | undefined> {
  const doing = `look at s3://${bucket}/${key}`;
  const action = "s3:GetObject, and s3:ListBucket to be told that it is not there";
  const command = new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: "ENABLED" });
  const head = await s3.call({ doing, action }, (options) =>
    s3.client.send(command, options).catch((error: unknown) => {
      if (httpStatusOf(error) === 404) return undefined; // the object or the bucket: HEAD does not tell which
      throw error;
    }),
  );
  if (head === undefined) return undefined;
  // Of an upload in parts both are made of the parts' digests, and the ETag alone always shows it.
  const inParts = head.ETag?.includes("-") ?? false;
  const checksum = inParts || head.ChecksumSHA256?.includes("-") ? undefined : head.ChecksumSHA256;
  const isMd5 = !head.ServerSideEncryption?.startsWith("aws:kms");
  return {
    sizeBytes: head.ContentLength ?? 0,
    sha256: checksum === undefined ? undefined : Buffer.from(checksum, "base64").toString("hex"),
    mark: head.Metadata?.[IMAGE_MARK],
    md5: isMd5 ? /^"([0-9a-f]{32})"$/.exec(head.ETag ?? "")?.[1] : undefined,
  };
}

/** Removes an object. One that is not there is no failure. A bucket with versions keeps it behind a delete marker. */
export async function removeImage(s3: S3, { bucket, key }: ImageObject): Promise<{ olderVersions: boolean }> {
  const doing = `delete s3://${bucket}/${key}`;
  const command = new DeleteObjectCommand({ Bucket: bucket, Key: key });
  return await s3.call({ doing, action: "s3:DeleteObject" }, async (options) => {
    try {
      return { olderVersions: (await s3.client.send(command, options)).DeleteMarker ?? false };
    } catch (error) {
      if (nameOf(error) === "NoSuchBucket") return { olderVersions: false };
      throw error;
    }
  });
}

/** Returns a URL that anybody can GET the object from. Makes no request. */
export async function presignImage(
  s3: S3,
  { bucket, key }: ImageObject,
  expiresInSeconds: number,
): Promise<string> {
  const command = new GetObjectCommand({ Bucket: bucket, Key: key });
  return await s3.call({ doing: `presign s3://${bucket}/${key}`, action: "s3:GetObject" }, () =>
    getSignedUrl(s3.client, command, { expiresIn: expiresInSeconds }),
  );
}
