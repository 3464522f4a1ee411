import { type DocumentDelta, type DocumentImage, FotaError, isFotaError } from "@fota/shared";
import type { ImageObject } from "../aws/image-object.js";
import { findImage, type StoredImage } from "../aws/images.js";
import type { S3 } from "../aws/s3.js";
import { objectOfUrl } from "./object-of-url.js";

/**
 * Says what the URL of a job document points to: `matches` by size and digest; `unverified` when S3 has no digest of
 * the whole object, as after an upload in parts; `unknown` when it is not in S3 or may not be read.
 */
type ObjectState = "matches" | "unverified" | "differs" | "missing" | "unknown";

/** Names an object as a job document does, by its URL, size and digests. */
export type StatedObject = Pick<DocumentImage, "bc_url" | "bc_size" | "bc_sha256"> & { bc_crc?: string };

/** Returns how a job document names the object of a patch. */
export function objectOfPatch({ url, bytes, sha256 }: DocumentDelta): StatedObject {
  return { bc_url: url, bc_size: bytes, bc_sha256: sha256 };
}

export interface CheckedObject {
  /** `undefined` when the URL is not one of the S3 in use. */
  object: ImageObject | undefined;
  state: ObjectState;
  /** Gives the reason as text, where `state` does not say it all. */
  because?: string;
  stored?: StoredImage;
}

/** Looks up the object of an image or a patch in S3, with one request. */
export async function checkObject(image: StatedObject, s3: S3): Promise<CheckedObject> {
  const object = objectOfUrl(image.bc_url, s3.endpoint);
  if (object === undefined) return { object, state: "unknown", because: "its URL is not of S3" };
  try {
    const stored = await findImage(s3, object);
    if (stored === undefined) return { object, state: "missing" };
    return { object, stored, ...compare(image, stored) };
  } catch (error) {
    // S3 answers with a redirect for a bucket in another region, which is none of the known errors.
    if (!isFotaError(error, "ACCESS_DENIED") && !isFotaError(error, "AWS_ERROR")) throw error;
    return { object, state: "unknown", because: [error.message, error.hint].filter(Boolean).join("; ") };
  }
}

/**
 * Returns the object if a new job can use it again. @throws {FotaError} IMAGE_NOT_FOUND, IMAGE_CHANGED, ACCESS_DENIED
 */
export function republishableObject(image: DocumentImage, checked: CheckedObject): ImageObject {
  const { object, state, because } = checked;
  const why = because === undefined ? "" : `: ${because}`;
  const hint = "publish the image again: `fota publish` uploads it";
  if (object === undefined) {
    throw new FotaError(
      "IMAGE_NOT_FOUND",
      `the image for slot ${image.bc_idx} cannot be published again${why}`,
      {
        hint,
      },
    );
  }
  const where = `s3://${object.bucket}/${object.key}`;
  switch (state) {
    case "matches":
      return object;
    case "unverified":
      // Only the name identifies the content, and `fota publish` made a name that contains the digest.
      if (image.bc_sha256 !== undefined && object.key.includes(image.bc_sha256)) return object;
      throw new FotaError("IMAGE_CHANGED", `cannot tell whether ${where} is still the image of the job`, {
        hint,
      });
    case "differs":
      throw new FotaError("IMAGE_CHANGED", `${where} is no longer the image of the job${why}`, { hint });
    case "missing":
      throw new FotaError("IMAGE_NOT_FOUND", `${where} no longer exists${why}`, { hint });
    case "unknown":
      throw new FotaError("ACCESS_DENIED", `cannot read ${where}${why}`, {
        hint: "the credentials in use need s3:GetObject, and --region must be that of the bucket",
      });
  }
}

function compare(image: StatedObject, stored: StoredImage): { state: ObjectState; because?: string } {
  const { bc_size, bc_sha256, bc_crc } = image;
  const differs = (what: string, got: unknown, expected: unknown) => ({
    state: "differs" as const,
    because: `${what} ${got}, the job document says ${expected}`,
  });
  if (stored.sizeBytes !== bc_size) return differs("it has bytes:", stored.sizeBytes, bc_size);
  if (stored.sha256 !== undefined && bc_sha256 !== undefined) {
    return stored.sha256 === bc_sha256
      ? { state: "matches" }
      : differs("its SHA-256 is", stored.sha256, bc_sha256);
  }
  if (bc_crc === undefined) return { state: "unverified", because: "S3 has no SHA-256 of it" };
  if (stored.md5 === undefined) {
    return { state: "unverified", because: "S3 has no digest of the whole, as it was uploaded in parts" };
  }
  return stored.md5 === bc_crc ? { state: "matches" } : differs("its MD5 is", stored.md5, bc_crc);
}
