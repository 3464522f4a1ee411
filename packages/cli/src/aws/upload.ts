import { DeleteObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { FotaError, isFotaError } from "@fota/shared";
import { type ImageFile, imageChanged, isUnchanged } from "../image/image-file.js";
import { compositeOf, isRefusedContent, multipartEtagOf } from "./checksums.js";
import { httpStatusOf } from "./errors.js";
import type { ImageObject } from "./image-object.js";
import { uploadParts } from "./multipart.js";
import { putWhole } from "./put.js";
import type { S3 } from "./s3.js";

const UPLOAD_ATTEMPTS = 3;

/**
 * Uploads a file, of which S3 checks the SHA-256, then reads back what S3 has. An interrupted upload leaves nothing, or
 * parts that the next one reuses. `onBytes` gets counts of bytes; a negative one takes back what a failed attempt sent.
 * @throws {FotaError} IMAGE_CHANGED, UPLOAD_CORRUPT and what else translated AWS errors can be
 */
export async function uploadImage(
  s3: S3,
  object: ImageObject,
  image: ImageFile,
  onBytes: (count: number) => void,
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
        send(s3, object, image, { signal: abortSignal, onBytes: count }),
      );
    } catch (error) {
      // The SDK cannot repeat a request whose body is a stream, so that is done here.
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
  options: { signal: AbortSignal; onBytes(count: number): void },
): Promise<void> {
  const upload = image.partSha256.length > 1 ? uploadParts : putWhole;
  await upload(s3.client, object, image, options).catch(async (error: unknown) => {
    throw isRefusedContent(error) ? await whyNotSame(object, image, error) : error;
  });
  if (await hasImage(s3, object, image)) return;
  // A server that does not check what it is sent: the object must not stay under another content's name.
  const remove = new DeleteObjectCommand({ Bucket: object.bucket, Key: object.key });
  await s3.client.send(remove, { abortSignal: options.signal }).catch(() => undefined); // the next upload replaces it
  throw await whyNotSame(object, image);
}

/** Whether the object is there with exactly this content. */
export async function hasImage(s3: S3, { bucket, key }: ImageObject, image: ImageFile): Promise<boolean> {
  const doing = `look for s3://${bucket}/${key}`;
  const command = new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: "ENABLED" });
  const head = await s3.call({ doing, action: "s3:GetObject" }, (options) =>
    s3.client.send(command, options).catch((error: unknown) => {
      // S3 hides what is missing behind 403 from those who may not list the bucket.
      if (httpStatusOf(error) === 404 || httpStatusOf(error) === 403) return undefined;
      throw error;
    }),
  );
  if (head?.ContentLength !== image.sizeBytes) return false;
  // Some servers leave the count of parts out of the checksum.
  const [checksum, parts] = head.ChecksumSHA256?.split("-") ?? [];
  if (checksum !== undefined && (parts === undefined || Number(parts) === image.partSha256.length)) {
    return checksum === compositeOf(image);
  }
  // Servers that keep no SHA-256 still have the ETag, which is made of MD5s; of all of it for some even in parts.
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
