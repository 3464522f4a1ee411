import { grouped } from "../grouped.js";

/** Locates an image in S3. */
export interface ImageObject {
  bucket: string;
  key: string;
}

/** Returns `s3://bucket/key`. */
export function addressOf({ bucket, key }: ImageObject): string {
  return `s3://${bucket}/${key}`;
}

/**
 * Groups items that share an object: an image that is the same for several slots is uploaded, removed and shown once.
 */
export function byObject<T extends { object: ImageObject }>(items: readonly T[]): [T, ...T[]][] {
  return grouped(items, ({ object }) => addressOf(object));
}
