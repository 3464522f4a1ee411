import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { FotaError, isFotaError } from "@fota/shared";
import { type ImageFile, imageChanged, isUnchanged } from "../image/image-file.js";
import { type AwsAccess, clientConfig, needsPathStyle } from "./access.js";
import { compositeOf, isRefusedContent, multipartEtagOf } from "./checksums.js";
import { httpStatusOf, nameOf, translateAwsError } from "./errors.js";
import { IMAGE_MARK } from "./image-mark.js";
import type { ImageObject } from "./image-object.js";
import { uploadParts } from "./multipart.js";
import { putWhole } from "./put.js";
import { type Identity, resolveIdentity } from "./session.js";
import { watchRequests } from "./watch.js";

/** What S3 says of an object. Digests are of all of it, in hex, and `undefined` where S3 has none. */
export interface StoredImage {
  sizeBytes: number;
  sha256: string | undefined;
  md5: string | undefined;
  /** SHA-256 that `fota publish` left in the metadata of what it uploaded; `undefined`: something else made it. */
  mark: string | undefined;
}

const UPLOAD_ATTEMPTS = 3;
/** Images as S3 objects. */
export interface Images {
  identity(): Promise<Identity>;
  /** @throws {FotaError} BUCKET_NOT_FOUND, BUCKET_WRONG_REGION, ACCESS_DENIED */
  checkBucket(bucket: string): Promise<void>;
  /** Whether the object is there with exactly this content. */
  has(object: ImageObject, image: ImageFile): Promise<boolean>;
  /**
   * Uploads the file, S3 checking what it gets by SHA-256, then reads back what S3 has. An interrupted upload leaves
   * nothing, or parts that the next one goes on from. `onBytes` gets counts of bytes; a negative one takes back what a
   * failed attempt had sent.
   * @throws {FotaError} IMAGE_CHANGED, UPLOAD_CORRUPT
   */
  upload(object: ImageObject, image: ImageFile, onBytes: (count: number) => void): Promise<void>;
  /** What is there; `undefined`: nothing. @throws {FotaError} ACCESS_DENIED */
  find(object: ImageObject): Promise<StoredImage | undefined>;
  /** One that is not there is no failure. A bucket with versions keeps it behind a delete marker. */
  remove(object: ImageObject): Promise<{ olderVersions: boolean }>;
  /** A URL that anybody can GET the object from. No request is made. */
  presign(object: ImageObject, expiresInSeconds: number): Promise<string>;
  close(): void;
}

export function openImages(access: AwsAccess, signal: AbortSignal): Images {
  const endpoint = access.s3Endpoint;
  const client = new S3Client({
    ...clientConfig(access, endpoint),
    forcePathStyle: needsPathStyle(endpoint),
    // We give SHA-256 ourselves; and `x-amz-checksum-mode` would only make presigned URLs longer.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  watchRequests(client, access.clock);
  const options = { abortSignal: signal };

  async function has({ bucket, key }: ImageObject, image: ImageFile): Promise<boolean> {
    try {
      const head = await client.send(
        new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: "ENABLED" }),
        options,
      );
      if (head.ContentLength !== image.sizeBytes) return false;
      // Some servers leave the count of parts out of the checksum.
      const [checksum, parts] = head.ChecksumSHA256?.split("-") ?? [];
      if (checksum !== undefined && (parts === undefined || Number(parts) === image.partSha256.length)) {
        return checksum === compositeOf(image);
      }
      // Servers that keep no SHA-256 still have the ETag, which is made of MD5s; of all of it for some even in parts.
      if (head.ETag === `"${image.md5}"`) return true;
      return image.partSha256.length > 1 && head.ETag === `"${await multipartEtagOf(image)}"`;
    } catch (error) {
      // S3 hides what is missing behind 403 from those who may not list the bucket.
      if (httpStatusOf(error) === 404 || httpStatusOf(error) === 403) return false;
      throw translateAwsError(error, {
        doing: `look for s3://${bucket}/${key}`,
        action: "s3:GetObject",
        endpoint,
      });
    }
  }

  async function find({ bucket, key }: ImageObject): Promise<StoredImage | undefined> {
    try {
      const command = new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: "ENABLED" });
      const head = await client.send(command, options);
      // Of an upload in parts both are made of the parts' digests, and the ETag alone always says so.
      const inParts = head.ETag?.includes("-") ?? false;
      const checksum = inParts || head.ChecksumSHA256?.includes("-") ? undefined : head.ChecksumSHA256;
      const isMd5 = !head.ServerSideEncryption?.startsWith("aws:kms");
      return {
        sizeBytes: head.ContentLength ?? 0,
        sha256: checksum === undefined ? undefined : Buffer.from(checksum, "base64").toString("hex"),
        mark: head.Metadata?.[IMAGE_MARK],
        md5: isMd5 ? /^"([0-9a-f]{32})"$/.exec(head.ETag ?? "")?.[1] : undefined,
      };
    } catch (error) {
      if (httpStatusOf(error) === 404) return undefined; // the object or the bucket: HEAD does not tell which
      throw translateAwsError(error, {
        doing: `look at s3://${bucket}/${key}`,
        action: "s3:GetObject, and s3:ListBucket to be told that it is not there",
        endpoint,
      });
    }
  }

  async function send(
    object: ImageObject,
    image: ImageFile,
    onBytes: (count: number) => void,
  ): Promise<void> {
    const upload = image.partSha256.length > 1 ? uploadParts : putWhole;
    await upload(client, object, image, { signal, onBytes }).catch(async (error: unknown) => {
      throw isRefusedContent(error) ? await whyNotSame(object, image, error) : error;
    });
    if (await has(object, image)) return;
    // A server that does not check what it is sent: the object must not stay under another content's name.
    const remove = new DeleteObjectCommand({ Bucket: object.bucket, Key: object.key });
    await client.send(remove, options).catch(() => undefined); // who may not: the next upload replaces it
    throw await whyNotSame(object, image);
  }

  async function upload(
    object: ImageObject,
    image: ImageFile,
    onBytes: (count: number) => void,
  ): Promise<void> {
    const doing = `upload to s3://${object.bucket}/${object.key}`;
    for (let attempt = 1; ; attempt += 1) {
      let counted = 0;
      try {
        return await send(object, image, (count) => {
          counted += count;
          onBytes(count);
        });
      } catch (error) {
        // The SDK cannot repeat a request whose body is a stream, so that is done here.
        const translated = translateAwsError(error, { doing, action: "s3:PutObject", endpoint });
        const passing =
          isFotaError(translated, "ENDPOINT_UNREACHABLE") || isFotaError(translated, "THROTTLED");
        if (!passing || attempt === UPLOAD_ATTEMPTS) throw translated;
        onBytes(-counted);
      }
    }
  }

  return {
    identity: () => resolveIdentity(client),
    async checkBucket(bucket) {
      try {
        await client.send(new HeadBucketCommand({ Bucket: bucket }), options);
      } catch (error) {
        throw (
          bucketFault(error, bucket) ??
          translateAwsError(error, {
            doing: `use bucket ${bucket}`,
            action: `s3:ListBucket on bucket ${bucket}, and its name must be right`,
            endpoint,
          })
        );
      }
    },
    has,
    upload,
    find,
    async remove({ bucket, key }) {
      try {
        const command = new DeleteObjectCommand({ Bucket: bucket, Key: key });
        return { olderVersions: (await client.send(command, options)).DeleteMarker ?? false };
      } catch (error) {
        if (nameOf(error) === "NoSuchBucket") return { olderVersions: false };
        throw translateAwsError(error, {
          doing: `delete s3://${bucket}/${key}`,
          action: "s3:DeleteObject",
          endpoint,
        });
      }
    },
    async presign({ bucket, key }, expiresIn) {
      try {
        return await getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: key }), { expiresIn });
      } catch (error) {
        const doing = `presign s3://${bucket}/${key}`;
        throw translateAwsError(error, { doing, action: "s3:GetObject", endpoint });
      }
    },
    close: () => client.destroy(),
  };
}

async function whyNotSame(
  { bucket, key }: ImageObject,
  image: ImageFile,
  cause?: unknown,
): Promise<FotaError> {
  if (!(await isUnchanged(image))) return imageChanged(image.name);
  return new FotaError("UPLOAD_CORRUPT", `s3://${bucket}/${key} is not what was sent`, {
    hint: "publish again; no job was created",
    cause,
  });
}

function bucketFault(error: unknown, bucket: string): FotaError | undefined {
  const status = httpStatusOf(error);
  const actual = bucketRegionOf(error);
  if (status === 404) {
    return new FotaError("BUCKET_NOT_FOUND", `there is no bucket ${bucket}`, {
      hint: `check its spelling, or make it: \`aws s3 mb s3://${bucket}\` (for the stand-in: \`fota local --bucket\`)`,
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

/** S3 names the bucket's region in a header of its refusals too. */
function bucketRegionOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("$response" in error)) return undefined;
  const { headers } = error.$response as { headers?: Record<string, string> };
  return headers?.["x-amz-bucket-region"];
}
