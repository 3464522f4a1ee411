import { createWriteStream } from "node:fs";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { isFotaError } from "@fota/shared";
import type { ImageObject } from "./image-object.js";
import type { S3 } from "./s3.js";

const DOWNLOAD_ATTEMPTS = 3;

/**
 * Downloads an object to a file, which it replaces, and stops after `maxBytes`. The caller checks the digest. `onBytes`
 * receives counts of bytes; a negative one subtracts those of a failed attempt.
 * @throws {FotaError} translated AWS errors
 */
export async function downloadObject(
  s3: S3,
  { bucket, key }: ImageObject,
  { path, maxBytes, onBytes }: { path: string; maxBytes: number; onBytes(count: number): void },
): Promise<void> {
  const doing = `download s3://${bucket}/${key}`;
  for (let attempt = 1; ; attempt += 1) {
    let gotBytes = 0;
    const tap = new Transform({
      transform(piece: Buffer, _encoding, done) {
        gotBytes += piece.length;
        onBytes(piece.length);
        done(gotBytes > maxBytes ? new Error(`the object has more than ${maxBytes} bytes`) : null, piece);
      },
    });
    try {
      return await s3.call({ doing, action: "s3:GetObject" }, async ({ abortSignal }) => {
        const command = new GetObjectCommand({ Bucket: bucket, Key: key });
        const { Body } = await s3.client.send(command, { abortSignal });
        const body = Body instanceof Readable ? Body : Readable.from([]);
        await pipeline(body, tap, createWriteStream(path), { signal: abortSignal });
      });
    } catch (error) {
      if (!isFotaError(error, "ENDPOINT_UNREACHABLE") || attempt === DOWNLOAD_ATTEMPTS) throw error;
      onBytes(-gotBytes);
    }
  }
}
