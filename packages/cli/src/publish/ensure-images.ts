import { FotaError, imagesOf, isFotaError, type JobDocument } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import { addressOf, byObject, type ImageObject } from "../aws/image-object.js";
import { findImage } from "../aws/images.js";
import { uploadImage } from "../aws/upload.js";
import { checkImageUrl } from "../job/check-url.js";
import type { Plan } from "./plan.js";
import { firmwareOf } from "./same-image.js";

/**
 * Makes sure that the images and patches of an existing job are in S3: a `fota delete` of another job may have removed one after
 * the plan found it. Once the job exists, no deletion starts to remove its images, so an image uploaded now stays.
 * @throws {FotaError} IMAGE_NOT_FOUND when one is gone and there is no file to upload it from; what uploads throw
 */
export async function ensureImages(
  { images, patches, spec }: Pick<Plan, "images" | "patches" | "spec">,
  document: JobDocument,
  cloud: Cloud,
  steps: { onStep(step: "upload"): void; onBytes(count: number): void },
): Promise<void> {
  for (const [planned] of byObject(images)) {
    const urls = [document, ...(document.bc_alt ?? [])];
    const url = urls.find(({ bc_idx }) => bc_idx === planned.slot)?.bc_url;
    const { object, image } = planned;
    const { sizeBytes } = image;
    if (!(await isMissing({ object, sizeBytes }, spec.presign.by === "cli" ? url : undefined, cloud)))
      continue;
    if (!("stream" in image)) {
      const where = addressOf(object);
      throw new FotaError("IMAGE_NOT_FOUND", `${where} was deleted while the job was created`, {
        hint: "publish the image: `fota publish` uploads it",
      });
    }
    steps.onStep("upload");
    await uploadImage(cloud.s3, object, image, steps.onBytes, firmwareOf(document));
  }
  const digests = new Set(
    imagesOf(document).flatMap(({ bc_delta = [] }) => bc_delta.map(({ sha256 }) => sha256)),
  );
  for (const [{ object, image }] of byObject(patches.offered)) {
    // Without a patch, devices download the image.
    if (!("stream" in image) || !digests.has(image.sha256)) continue;
    if (!(await isMissing({ object, sizeBytes: image.sizeBytes }, undefined, cloud))) continue;
    steps.onStep("upload");
    await uploadImage(cloud.s3, object, image, steps.onBytes, firmwareOf(document));
  }
}

/**
 * Returns whether an object is missing. Without permission to read the object, it tries the URL, which worked before;
 * without a URL either, it assumes that the object exists.
 */
async function isMissing(
  { object, sizeBytes }: { object: ImageObject; sizeBytes: number },
  url: string | undefined,
  { s3, access, signal }: Cloud,
): Promise<boolean> {
  try {
    return (await findImage(s3, object)) === undefined;
  } catch (error) {
    if (!isFotaError(error, "ACCESS_DENIED") && !isFotaError(error, "AWS_ERROR")) throw error;
  }
  if (url === undefined) return false;
  return await checkImageUrl(url, sizeBytes, { ...access, signal }).then(
    () => false,
    (error: unknown) => {
      if (isFotaError(error, "ACCESS_DENIED")) return true;
      throw error;
    },
  );
}
