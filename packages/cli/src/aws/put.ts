import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { type ImageFile, imageChanged } from "../image/image-file.js";
import { base64Of } from "./checksums.js";
import { type Firmware, markOf } from "./image-mark.js";
import type { ImageObject } from "./image-object.js";

/**
 * Uploads an image in one request, which S3 checks by SHA-256.
 * @throws {FotaError} IMAGE_CHANGED when the size of the file changed; also what the SDK throws
 */
export async function putWhole(
  client: S3Client,
  { bucket, key }: ImageObject,
  image: ImageFile,
  { signal, firmware, onBytes }: { signal: AbortSignal; firmware: Firmware; onBytes(count: number): void },
): Promise<void> {
  let sentBytes = 0;
  const tap = new Transform({
    transform(piece: Buffer, _encoding, done) {
      // Send no more than planned: the request states its length before its body.
      const taken = piece.subarray(0, image.sizeBytes - sentBytes);
      sentBytes += taken.length;
      onBytes(taken.length);
      done(null, taken);
    },
  });
  // The SDK does not notice a body that fails or ends early: it would wait for an answer to half a request.
  const broken = new AbortController();
  pipeline(image.stream(), tap).then(
    () => {
      if (sentBytes !== image.sizeBytes) broken.abort();
    },
    () => broken.abort(),
  );
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: tap,
    ContentLength: image.sizeBytes,
    ContentType: "application/octet-stream",
    ChecksumSHA256: base64Of(image.sha256),
    Metadata: markOf(image, firmware),
  });
  try {
    await client.send(command, { abortSignal: AbortSignal.any([signal, broken.signal]) });
  } catch (error) {
    if (broken.signal.aborted && !signal.aborted) throw imageChanged(image.name);
    throw error;
  } finally {
    tap.destroy();
  }
}
