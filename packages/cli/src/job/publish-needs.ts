import { type DocumentImage, imagesOf, type JobDocument } from "@fota/shared";
import { isBucketName } from "../image/image-spec.js";
import type { PublishNeeds } from "../image/publish-command.js";
import { USUAL_SLOTS } from "../image/slot-choice.js";
import { objectOfUrl } from "./object-of-url.js";

/** Replaces the placeholders that the document of an earlier job answers: its bucket, and the slots of its images. */
export function fillPublishNeeds(
  { bucket, slot }: PublishNeeds,
  document: JobDocument,
  s3Endpoint: string | undefined,
): PublishNeeds {
  const images = imagesOf(document);
  const known = objectOfUrl(document.bc_url, s3Endpoint)?.bucket;
  return {
    ...(bucket !== undefined && { bucket: known !== undefined && isBucketName(known) ? known : bucket }),
    ...slotNeeds(images, slot),
  };
}

function slotNeeds(images: readonly DocumentImage[], slot: string | undefined): PublishNeeds {
  const slots = images.map(({ bc_idx }) => bc_idx).sort((a, b) => a - b);
  const isSame = new Set(images.map(({ bc_crc }) => bc_crc)).size === 1;
  if (!isSame) return { images: slots.map((each) => `${each}=<image>`) };
  if (slot === undefined) return {};
  if (slots.length === 1) return { slot: String(slots[0]) };
  return { slot: String(slots) === String(USUAL_SLOTS) ? "any" : slot };
}
