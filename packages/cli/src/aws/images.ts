import { createReadStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { FotaError, isFotaError } from "@fota/shared";
import { createDigester, type Digests } from "../publish/digests.js";
import { type ImageFile, imageChanged, READ_SIZE_BYTES } from "../publish/image-file.js";
import { type AwsAccess, clientConfig, needsPathStyle } from "./access.js";
import { httpStatusOf, nameOf, translateAwsError } from "./errors.js";
import { type Identity, resolveIdentity } from "./session.js";

/** Where an image is in S3. */
export interface ImageObject {
  bucket: string;
  key: string;
}

const UPLOAD_ATTEMPTS = 3;

/** Images as S3 objects. */
export interface Images {
  identity(): Promise<Identity>;
  /** @throws {FotaError} BUCKET_NOT_FOUND, BUCKET_WRONG_REGION, ACCESS_DENIED */
  checkBucket(bucket: string): Promise<void>;
  /** Whether the object is there with exactly this content. */
  has(object: ImageObject, digests: Digests): Promise<boolean>;
  /**
   * Uploads the file in one request that S3 checks by SHA-256, then reads back what S3 has. An interrupted upload
   * leaves nothing. `onBytes` gets counts of bytes; a negative one takes back what a failed attempt had sent.
   * @throws {FotaError} IMAGE_CHANGED, UPLOAD_CORRUPT
   */
  upload(object: ImageObject, image: ImageFile, onBytes: (count: number) => void): Promise<void>;
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
  const options = { abortSignal: signal };

  async function has({ bucket, key }: ImageObject, { sizeBytes, md5, sha256 }: Digests): Promise<boolean> {
    try {
      const head = await client.send(
        new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: "ENABLED" }),
        options,
      );
      if (head.ContentLength !== sizeBytes) return false;
      // Servers that keep no SHA-256 still have the ETag, which is the MD5 of an object put in one piece.
      return head.ChecksumSHA256 === undefined
        ? head.ETag === `"${md5}"`
        : head.ChecksumSHA256 === Buffer.from(sha256, "hex").toString("base64");
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

  async function put(
    { bucket, key }: ImageObject,
    image: ImageFile,
    onBytes: (count: number) => void,
  ): Promise<Digests> {
    const digester = createDigester();
    const tap = new Transform({
      transform(piece: Buffer, _encoding, done) {
        digester.update(piece);
        onBytes(piece.length);
        done(null, piece);
      },
    });
    // The SDK does not notice a body that fails or ends early: it would wait for an answer to half a request.
    const broken = new AbortController();
    const end = image.sizeBytes - 1;
    let sent: Digests | undefined;
    pipeline(createReadStream(image.path, { highWaterMark: READ_SIZE_BYTES, end }), tap).then(
      () => {
        sent = digester.digests();
        if (sent.sizeBytes !== image.sizeBytes) broken.abort();
      },
      () => broken.abort(),
    );
    const command = new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: tap,
      ContentLength: image.sizeBytes,
      ContentType: "application/octet-stream",
      ChecksumSHA256: Buffer.from(image.sha256, "hex").toString("base64"),
    });
    try {
      await client.send(command, { abortSignal: AbortSignal.any([signal, broken.signal]) });
    } catch (error) {
      if (broken.signal.aborted && !signal.aborted) throw imageChanged(image.name);
      if (nameOf(error) !== "BadDigest" && nameOf(error) !== "XAmzContentSHA256Mismatch") throw error;
      throw sent?.sha256 === image.sha256 ? corrupt({ bucket, key }, error) : imageChanged(image.name);
    } finally {
      tap.destroy();
    }
    return sent ?? digester.digests();
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
        const sent = await put(object, image, (count) => {
          counted += count;
          onBytes(count);
        });
        if (sent.sha256 === image.sha256) break;
        // A server that does not check what it is sent: the object must not stay under another content's name.
        await client.send(new DeleteObjectCommand({ Bucket: object.bucket, Key: object.key }), options);
        throw imageChanged(image.name);
      } catch (error) {
        // The SDK cannot repeat a request whose body is a stream, so that is done here.
        const translated = translateAwsError(error, { doing, action: "s3:PutObject", endpoint });
        const passing =
          isFotaError(translated, "ENDPOINT_UNREACHABLE") || isFotaError(translated, "THROTTLED");
        if (!passing || attempt === UPLOAD_ATTEMPTS) throw translated;
        onBytes(-counted);
      }
    }
    if (!(await has(object, image))) throw corrupt(object);
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
    presign: ({ bucket, key }, expiresIn) =>
      getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: key }), { expiresIn }),
    close: () => client.destroy(),
  };
}

function corrupt({ bucket, key }: ImageObject, cause?: unknown): FotaError {
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
      hint:
        "check its spelling, or make it: `aws s3 mb s3://" +
        bucket +
        "` (for the stand-in: `fota local --bucket`)",
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
