import { compareVersions, isFotaError, type JobDocument } from "@fota/shared";
import { listKeys } from "../aws/buckets.js";
import type { Firmware } from "../aws/image-mark.js";
import type { ImageObject } from "../aws/image-object.js";
import { findImage } from "../aws/images.js";
import type { S3 } from "../aws/s3.js";
import { given } from "../given.js";
import type { PlannedImage } from "./plan.js";

/** An image has as many keys as its file had names. */
const NAMES_MAX = 3;

/**
 * Returns what firmware the same bytes were uploaded as from a file of another name. Makes a request, and one for each
 * such object. Returns none if these cannot be listed or read.
 */
export async function findUnderOtherNames(
  s3: S3,
  { bucket, key }: ImageObject,
  sha256: string,
): Promise<Firmware[]> {
  const folder = key.slice(0, key.lastIndexOf("/"));
  try {
    const keys = await listKeys(s3, bucket, folder, NAMES_MAX);
    const others = keys.filter((other) => other !== key);
    const found = await Promise.all(others.map((other) => findImage(s3, { bucket, key: other })));
    return found.flatMap((image) => (image?.mark === sha256 ? [image.firmware] : []));
  } catch (error) {
    if (!isFotaError(error) || error.code === "INTERRUPTED") throw error;
    return []; // a warning is worth neither a permission nor a failure
  }
}

/** Returns what an upload for a job document is marked as. */
export function firmwareOf({ bc_version, bc_model }: JobDocument): Firmware {
  return given({ version: bc_version, model: bc_model });
}

/** Returns a warning for each image that was uploaded as another version of the same model, byte for byte. */
export function sameImageWarnings(
  images: readonly Pick<PlannedImage, "image" | "object" | "uploadedAs">[],
  { bc_version: version, bc_model: model }: Pick<JobDocument, "bc_version" | "bc_model">,
): string[] {
  if (version === undefined) return [];
  const warnings = images.flatMap(({ image, uploadedAs = [] }) => {
    const others = uploadedAs
      .filter((other) => other.model === model)
      .flatMap((other) => other.version ?? [])
      .filter((other) => other !== version && compareVersions(other, version) !== 0);
    return others.length === 0
      ? []
      : [
          `${image.name} has exactly the bytes of version ${[...new Set(others)].join(" and ")}: check that it is the build of ${version}`,
        ];
  });
  return [...new Set(warnings)];
}
