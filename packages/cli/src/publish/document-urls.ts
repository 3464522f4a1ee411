import type { DocumentDelta, DocumentImage, JobDocument } from "@fota/shared";
import { addressOf, type ImageObject } from "../aws/image-object.js";
import { presignImage } from "../aws/images.js";
import type { S3 } from "../aws/s3.js";
import { jobDocumentOf, presignPlaceholder } from "../job/document.js";
import type { PatchPlan, PlannedPatch } from "./patches.js";
import type { Plan, PlannedImage } from "./plan.js";

/** Holds what is needed to make the URLs of a job. */
export type UrlSource = Pick<Plan, "spec" | "images" | "patches" | "region" | "expiresInSeconds">;

/**
 * Makes the URLs that devices download from: presigned now, or the placeholder that AWS IoT replaces. One object has
 * one URL, however many slots it is for, and all URLs expire at the same time.
 */
function urlMaker({ spec, region, expiresInSeconds }: UrlSource, s3: S3): UrlOf {
  const signedAt = new Date();
  const made = new Map<string, Promise<string>>();
  return (object) => {
    const known = made.get(addressOf(object));
    if (known !== undefined) return known;
    const url =
      spec.presign.by === "iot"
        ? Promise.resolve(presignPlaceholder(object, region))
        : presignImage(s3, object, expiresInSeconds, signedAt);
    made.set(addressOf(object), url);
    return url;
  };
}

type UrlOf = (object: ImageObject) => Promise<string>;

/** Returns the entries of the patches that make the image for a slot. */
async function deltasOf(
  slot: number,
  { offered }: PatchPlan,
  urlOf: UrlOf,
): Promise<{ bc_delta?: DocumentDelta[] }> {
  const entryOf = async ({ from, bytes, image, object }: PlannedPatch): Promise<DocumentDelta> => ({
    ...(from && { from_sha256: from.sha256, from_size: from.sizeBytes }),
    url: await urlOf(object),
    bytes,
    sha256: image.sha256,
  });
  const entries = offered.filter(({ slots }) => slots.includes(slot)).map(entryOf);
  return entries.length === 0 ? {} : { bc_delta: await Promise.all(entries) };
}

/** Returns the document with new URLs and the planned patches; what is signed stays. */
export async function withFreshUrls(document: JobDocument, source: UrlSource, s3: S3): Promise<JobDocument> {
  const urlOf = urlMaker(source, s3);
  const fresh = async <T extends DocumentImage>({ bc_delta: _former, ...image }: T) => {
    const { bc_idx, bc_url } = image;
    const found = source.images.find(({ slot }) => slot === bc_idx);
    return {
      ...image,
      bc_url: found === undefined ? bc_url : await urlOf(found.object),
      ...(await deltasOf(bc_idx, source.patches, urlOf)),
    };
  };
  const { bc_alt } = document;
  const first = await fresh(document);
  return bc_alt === undefined ? first : { ...first, bc_alt: await Promise.all(bc_alt.map(fresh)) };
}

/** Returns the document of a new job. */
export async function newDocument(source: UrlSource, s3: S3): Promise<JobDocument> {
  const urlOf = urlMaker(source, s3);
  const [first, ...others] = source.images;
  const documentFile = async ({ image, slot, object }: PlannedImage) => ({
    image,
    slot,
    url: await urlOf(object),
    ...(await deltasOf(slot, source.patches, urlOf)),
  });
  return jobDocumentOf(source.spec, [
    await documentFile(first),
    ...(await Promise.all(others.map(documentFile))),
  ]);
}
