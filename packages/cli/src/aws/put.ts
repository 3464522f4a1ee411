import { createHash } from "node:crypto";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { FotaError } from "@fota/shared";
import { type ImageFile, imageChanged } from "../publish/image-file.js";
import { base64Of } from "./checksums.js";
import { nameOf } from "./errors.js";
import type { ImageObject } from "./images.js";

/**
 * Uploads an image in one request, which S3 checks by SHA-256. Resolves with the SHA-256 of what was sent: a server that
 * does not check is found out by it.
 * @throws {FotaError} IMAGE_CHANGED, UPLOAD_CORRUPT; else what the SDK throws
 */
export async function putWhole(
  client: S3Client,
  { bucket, key }: ImageObject,
  image: ImageFile,
  { signal, onBytes }: { signal: AbortSignal; onBytes(count: number): void },
): Promise<string> {
  const hash = createHash("sha256");
  let sentBytes = 0;
  const tap = new Transform({
    transform(piece: Buffer, _encoding, done) {
      // No more than was planned: the request says its length before its body.
      const room = image.sizeBytes - sentBytes;
      const taken = piece.subarray(0, room);
      sentBytes += taken.length;
      hash.update(taken);
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
  });
  try {
    await client.send(command, { abortSignal: AbortSignal.any([signal, broken.signal]) });
  } catch (error) {
    if (broken.signal.aborted && !signal.aborted) throw imageChanged(image.name);
    if (nameOf(error) !== "BadDigest" && nameOf(error) !== "XAmzContentSHA256Mismatch") throw error;
    if (sentBytes < image.sizeBytes || hash.digest("hex") !== image.sha256) throw imageChanged(image.name);
    throw new FotaError("UPLOAD_CORRUPT", `s3://${bucket}/${key} did not get what was sent`, {
      hint: "publish again; no job was created",
      cause: error,
    });
  } finally {
    tap.destroy();
  }
  return hash.digest("hex");
}
