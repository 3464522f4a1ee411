import { DeleteObjectCommand, HeadObjectCommand, type HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { FotaError, isFotaError } from "@fota/shared";
import { type ImageFile, imageChanged, isUnchanged } from "../image/image-file.js";
import { compositeOf, isRefusedContent, multipartEtagOf } from "./checksums.js";
import { httpStatusOf } from "./errors.js";
import { type Firmware, firmwareOfMark } from "./image-mark.js";
import type { ImageObject } from "./image-object.js";
import { uploadParts } from "./multipart.js";
import { putWhole } from "./put.js";
import type { S3 } from "./s3.js";

const UPLOAD_ATTEMPTS = 3;

/**
 * Uploads a file, whose SHA-256 S3 checks, then reads back S3's checksum. An interrupted upload leaves either nothing
 * or parts that the next one reuses. `onBytes` receives counts of bytes; a negative one subtracts what a failed attempt
 * sent. The metadata of the object says what firmware it is.
 * @throws {FotaError} IMAGE_CHANGED, UPLOAD_CORRUPT and other translated AWS errors
 */
export async function uploadImage(
  s3: S3,
  object: ImageObject,
  image: ImageFile,
  onBytes: (count: number) => void,
  firmware: Firmware = {},
): Promise<void> {
  const doing = `upload to s3://${object.bucket}/${object.key}`;
  for (let attempt = 1; ; attempt += 1) {
    let counted = 0;
    const count = (bytes: number) => {
      counted += bytes;
      onBytes(bytes);
    };
    try {
      return await s3.call({ doing, action: "s3:PutObject" }, ({ abortSignal }) =>
        send(s3, object, image, { signal: abortSignal, firmware, onBytes: count }),
      );
    } catch (error) {
      // The SDK cannot repeat a request whose body is a stream, so this loop does.
      const passing = isFotaError(error, "ENDPOINT_UNREACHABLE") || isFotaError(error, "THROTTLED");
      if (!passing || attempt === UPLOAD_ATTEMPTS) throw error;
      onBytes(-counted);
    }
  }
}

async function send(
  s3: S3,
  object: ImageObject,
  image: ImageFile,
  options: { signal: AbortSignal; firmware: Firmware; onBytes(count: number): void },
): Promise<void> {
  const upload = image.partSha256.length > 1 ? uploadParts : putWhole;
  await upload(s3.client, object, image, options).catch(async (error: unknown) => {
    throw isRefusedContent(error) ? await whyNotSame(object, image, error) : error;
  });
  if (await hasImage(s3, object, image)) return;
  // This server does not check uploads; an object with other content must not keep this key.
  const remove = new DeleteObjectCommand({ Bucket: object.bucket, Key: object.key });
  await s3.client.send(remove, { abortSignal: options.signal }).catch(() => undefined); // the next upload replaces it
  throw await whyNotSame(object, image);
}

/** Returns whether the object exists with exactly this content. */
export async function hasImage(s3: S3, object: ImageObject, image: ImageFile): Promise<boolean> {
  return (await findUploaded(s3, object, image)) !== undefined;
}

/**
 * Returns what firmware the object was uploaded as, as far as that is known; `undefined` if there is no object with
 * exactly this content.
 */
export async function findUploaded(
  s3: S3,
  { bucket, key }: ImageObject,
  image: ImageFile,
): Promise<Firmware | undefined> {
  const doing = `look for s3://${bucket}/${key}`;
  const command = new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: "ENABLED" });
  const head = await s3.call({ doing, action: "s3:GetObject" }, (options) =>
    s3.client.send(command, options).catch((error: unknown) => {
      // S3 answers 403 for a missing object if the caller may not list the bucket.
      if (httpStatusOf(error) === 404 || httpStatusOf(error) === 403) return undefined;
      throw error;
    }),
  );
  return head !== undefined && (await isSame(head, image)) ? firmwareOfMark(head.Metadata) : undefined;
}

/** Compares what S3 tells of an object with an image. */
async function isSame(head: HeadObjectCommandOutput, image: ImageFile): Promise<boolean> {
  if (head.ContentLength !== image.sizeBytes) return false;
  // Some servers leave the count of parts out of the checksum.
  const [checksum, parts] = head.ChecksumSHA256?.split("-") ?? [];
  if (checksum !== undefined && (parts === undefined || Number(parts) === image.partSha256.length)) {
    return checksum === compositeOf(image);
  }
  // Servers without SHA-256 still have the ETag, which is made of MD5s; some hash the whole object even after an upload
  // in parts.
  if (head.ETag === `"${image.md5}"`) return true;
  return image.partSha256.length > 1 && head.ETag === `"${await multipartEtagOf(image)}"`;
}

async function whyNotSame(
  { bucket, key }: ImageObject,
  image: ImageFile,
  cause?: unknown,
): Promise<FotaError> {
  if (!(await isUnchanged(image))) return imageChanged(image.name);
  return new FotaError("UPLOAD_CORRUPT", `s3://${bucket}/${key} does not match what was sent`, {
    hint: "publish again; no job was created",
    cause,
  });
}
