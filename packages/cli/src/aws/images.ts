import { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { httpStatusOf, nameOf } from "./errors.js";
import { type Firmware, firmwareOfMark, IMAGE_MARK } from "./image-mark.js";
import type { ImageObject } from "./image-object.js";
import type { S3 } from "./s3.js";

/**
 * Holds what S3 reports about an object. Digests cover the whole object, in hex, and are `undefined` where S3 has none.
 */
export interface StoredImage {
  sizeBytes: number;
  sha256: string | undefined;
  md5: string | undefined;
  /**
   * The SHA-256 that `fota publish` left in the metadata of its upload; `undefined`: another tool made the object.
   */
  mark: string | undefined;
  /** What it was uploaded as. */
  firmware: Firmware;
  /** The version of the object; `undefined` in a bucket that keeps no versions. */
  versionId: string | undefined;
}

/** Looks up an object with one request; `undefined`: it does not exist. @throws {FotaError} ACCESS_DENIED */
export async function findImage(s3: S3, { bucket, key }: ImageObject): Promise<StoredImage | undefined> {
  const doing = `look at s3://${bucket}/${key}`;
  const action = "s3:GetObject, and s3:ListBucket to see that it does not exist";
  const command = new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: "ENABLED" });
  const head = await s3.call({ doing, action }, (options) =>
    s3.client.send(command, options).catch((error: unknown) => {
      if (httpStatusOf(error) === 404) return undefined; // the object or the bucket is missing: HEAD does not say which
      throw error;
    }),
  );
  if (head === undefined) return undefined;
  // After an upload in parts, both digests are made of the parts' digests; only the ETag always shows that.
  const inParts = head.ETag?.includes("-") ?? false;
  const checksum = inParts || head.ChecksumSHA256?.includes("-") ? undefined : head.ChecksumSHA256;
  const isMd5 = !head.ServerSideEncryption?.startsWith("aws:kms");
  return {
    sizeBytes: head.ContentLength ?? 0,
    sha256: checksum === undefined ? undefined : Buffer.from(checksum, "base64").toString("hex"),
    mark: head.Metadata?.[IMAGE_MARK],
    firmware: firmwareOfMark(head.Metadata),
    versionId: head.VersionId === "null" ? undefined : head.VersionId,
    md5: isMd5 ? /^"([0-9a-f]{32})"$/.exec(head.ETag ?? "")?.[1] : undefined,
  };
}

/** Removes an object; succeeds if there is none. A bucket with versions keeps the object behind a delete marker. */
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

/** Returns a URL with which anyone can GET the object, from `signedAt` on. Makes no request. */
export async function presignImage(
  s3: S3,
  { bucket, key }: ImageObject,
  expiresInSeconds: number,
  signedAt = new Date(),
): Promise<string> {
  const command = new GetObjectCommand({ Bucket: bucket, Key: key });
  return await s3.call({ doing: `presign s3://${bucket}/${key}`, action: "s3:GetObject" }, () =>
    getSignedUrl(s3.client, command, { expiresIn: expiresInSeconds, signingDate: signedAt }),
  );
}
