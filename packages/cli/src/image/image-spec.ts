import { FotaError } from "@fota/shared";
import type { SettingSources } from "../settings/settings.js";
import { readVariable } from "../settings/stray-character.js";
import type { ImageArgument, ImageOptions } from "./image-argument.js";
import { resolveSlots, type SlotChoice } from "./slot-choice.js";

/** Says which images a publish has and where they go, checked without opening a file. */
export interface ImageSpec {
  images: ImageArgument[];
  slots: SlotChoice;
  bucket: string;
  /** Has no slash at its ends; may be empty. */
  prefix: string;
}

/** Follows S3's advice for keys: such names need no escaping in the URL that devices parse. */
const SAFE_KEY_PATTERN = /^[A-Za-z0-9._/-]*$/;
export const DEFAULT_PREFIX = "fota";

/**
 * Resolves the image options, then the environment, then `fota.config.json`.
 * @throws {FotaError} USAGE, SLOT_INVALID
 */
export function imageSpecOf(options: ImageOptions, sources: SettingSources): ImageSpec {
  return {
    images: imageArguments(options.images),
    slots: resolveSlots(options, sources),
    bucket: requireBucket(resolveBucket(options, sources)),
    prefix: resolvePrefix(options, sources),
  };
}

/** Returns the bucket of the images; `undefined` if none is configured. @throws {FotaError} USAGE */
export function resolveBucket(
  options: Pick<ImageOptions, "bucket">,
  { file, env }: SettingSources,
): string | undefined {
  const bucket = options.bucket ?? readVariable(env, "FOTA_BUCKET") ?? file.bucket;
  return bucket === undefined ? undefined : checkBucketName(bucket);
}

/** Returns the prefix of the images' keys, by default `fota`. @throws {FotaError} USAGE */
export function resolvePrefix(options: Pick<ImageOptions, "prefix">, { file, env }: SettingSources): string {
  // An empty FOTA_PREFIX means no prefix.
  const given = options.prefix ?? readVariable(env, "FOTA_PREFIX") ?? env["FOTA_PREFIX"] ?? file.prefix;
  return checkPrefix(given ?? DEFAULT_PREFIX);
}

/** Checks a prefix and removes slashes at its ends. @throws {FotaError} USAGE */
export function checkPrefix(prefix: string): string {
  if (SAFE_KEY_PATTERN.test(prefix)) return prefix.replace(/^\/+|\/+$/g, "");
  throw new FotaError("USAGE", `--prefix may only hold A-Z a-z 0-9 . _ - /, got ${JSON.stringify(prefix)}`);
}

export function isBucketName(text: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(text);
}

/** Checks a bucket name. @throws {FotaError} USAGE */
export function checkBucketName(bucket: string): string {
  if (isBucketName(bucket)) return bucket;
  throw new FotaError("USAGE", `${JSON.stringify(bucket)} is not the name of a bucket`, {
    hint: "give 3 to 63 lowercase letters, digits, dots and hyphens, without s3:// or a path; --prefix is for the path",
  });
}

/** @throws {FotaError} USAGE */
export function requireBucket(bucket: string | undefined): string {
  if (bucket !== undefined) return bucket;
  throw new FotaError("USAGE", "no bucket is given", {
    hint: "give --bucket, set FOTA_BUCKET, or write `bucket` into fota.config.json",
  });
}

/** Parses `[slot=]file`. @throws {FotaError} USAGE without any */
export function imageArguments(texts: readonly string[]): ImageArgument[] {
  const images = texts.map((text) => {
    const [, slot, path] = /^(\d{1,9})=(.+)$/s.exec(text) ?? [];
    return path === undefined ? { path: text, slot: undefined } : { path, slot: Number(slot) };
  });
  if (images.length > 0) return images;
  throw new FotaError("USAGE", "no image is given");
}
