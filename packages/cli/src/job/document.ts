import {
  type DocumentDelta,
  FOTA_OPERATION,
  FotaError,
  IMAGE_URL_MAX_LENGTH,
  imagesOf,
  isImageUrl,
  isPresignPlaceholder,
  JOB_DOCUMENT_MAX_LENGTH,
  type JobDocument,
  parseJobDocument,
} from "@fota/shared";
import type { ImageObject } from "../aws/image-object.js";
import type { ImageFile } from "../image/image-file.js";
import type { JobSpec } from "./job-spec.js";

/**
 * Returns a key with the image's digest in it: the same image is uploaded once, and another image never replaces it.
 */
export function objectKey(prefix: string, image: Pick<ImageFile, "sha256" | "name">): string {
  return [prefix, image.sha256, plainName(image.name)].filter((part) => part !== "").join("/");
}

/** Returns a file name with characters that need no quotes anywhere. */
export function plainName(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]/g, "_").slice(0, 128);
}

/**
 * Returns the placeholder that AWS IoT replaces with a presigned URL. It has the regional host: for buckets of other
 * regions, the global host answers with a redirect, which devices do not follow (B-33).
 */
export function presignPlaceholder({ bucket, key }: ImageObject, region: string): string {
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return `\${aws:iot:s3-presigned-url:https://s3.${region}.${domain}/${bucket}/${key}}`;
}

/** Holds an image of a job document and its URL; the first of a list fills the legacy keys. */
export interface DocumentFile {
  image: Pick<ImageFile, "md5" | "sha256" | "sizeBytes">;
  slot: number;
  url: string;
  bc_delta?: DocumentDelta[];
}

/**
 * Returns the document of a job, checked as a device will check it.
 * @throws {FotaError} ENDPOINT_INVALID when devices would refuse the URL, DOCUMENT_INVALID, DOCUMENT_TOO_LARGE
 */
export function jobDocumentOf(
  spec: Pick<JobSpec, "fwVersion" | "model" | "minVersion">,
  [first, ...others]: readonly [DocumentFile, ...DocumentFile[]],
): JobDocument {
  for (const { url, bc_delta = [] } of [first, ...others]) {
    for (const each of [url, ...bc_delta.map((delta) => delta.url)]) checkUrl(each);
  }
  const document = parseJobDocument({
    operation: FOTA_OPERATION,
    ...imageKeys(first),
    ...(spec.fwVersion !== undefined && { bc_version: spec.fwVersion }),
    ...(spec.model !== undefined && { bc_model: spec.model }),
    ...(spec.minVersion !== undefined && { bc_min: spec.minVersion }),
    ...(others.length > 0 && { bc_alt: others.map(imageKeys) }),
  });
  checkDocumentLength(document);
  return document;
}

/** Throws if AWS would not accept the document. @throws {FotaError} DOCUMENT_TOO_LARGE */
export function checkDocumentLength(document: JobDocument): void {
  const { length } = JSON.stringify(document);
  if (length <= JOB_DOCUMENT_MAX_LENGTH) return;
  throw new FotaError(
    "DOCUMENT_TOO_LARGE",
    `the job document has ${length} characters, AWS allows ${JOB_DOCUMENT_MAX_LENGTH}`,
    {
      hint: imagesOf(document).some(({ bc_delta }) => bc_delta !== undefined)
        ? "use --presign iot, which puts short placeholders into it instead of URLs, or offer fewer patches"
        : "use --presign iot, which puts short placeholders into it instead of URLs",
    },
  );
}

function imageKeys({ image, slot, url, bc_delta }: DocumentFile) {
  return {
    bc_idx: slot,
    bc_crc: image.md5,
    bc_size: image.sizeBytes,
    bc_url: url,
    bc_sha256: image.sha256,
    ...(bc_delta !== undefined && { bc_delta }),
  };
}

function checkUrl(url: string): void {
  if (isImageUrl(url) || isPresignPlaceholder(url)) return;
  throw new FotaError(
    "ENDPOINT_INVALID",
    `devices refuse the image URL, which is on ${new URL(url).origin}`,
    {
      hint: `it must be https (http only to a loopback address) and have at most ${IMAGE_URL_MAX_LENGTH} characters`,
    },
  );
}
