import { createHash } from "node:crypto";
import { PART_SIZE_BYTES } from "../image/digests.js";
import type { ImageFile } from "../image/image-file.js";
import { nameOf } from "./errors.js";

/** Lists S3's error names for content that does not match its digest. */
const REFUSED_CONTENT: ReadonlySet<string> = new Set([
  "BadDigest",
  "InvalidDigest",
  "XAmzContentSHA256Mismatch",
]);

export function isRefusedContent(error: unknown): boolean {
  return REFUSED_CONTENT.has(nameOf(error));
}

/**
 * Returns S3's `x-amz-checksum-sha256` of an image, without the count of parts: of its bytes, or of its parts' digests.
 */
export function compositeOf({ sha256, partSha256 }: Pick<ImageFile, "sha256" | "partSha256">): string {
  if (partSha256.length === 1) return base64Of(sha256);
  const whole = createHash("sha256");
  for (const part of partSha256) whole.update(part, "hex");
  return whole.digest("base64");
}

/**
 * Returns S3's ETag of an image that was uploaded in parts: the MD5 of their MD5s, and their count. Reads the image
 * again.
 */
export async function multipartEtagOf(image: Pick<ImageFile, "partSha256" | "read">): Promise<string> {
  const whole = createHash("md5");
  const buffer = Buffer.allocUnsafe(PART_SIZE_BYTES);
  for (let i = 0; i < image.partSha256.length; i += 1) {
    const length = await image.read(buffer, i * PART_SIZE_BYTES);
    whole.update(createHash("md5").update(buffer.subarray(0, length)).digest());
  }
  return `${whole.digest("hex")}-${image.partSha256.length}`;
}

export function base64Of(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64");
}
