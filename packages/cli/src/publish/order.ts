import {
  FotaError,
  IMAGE_URL_MAX_LENGTH,
  isImageUrl,
  JOB_DESCRIPTION_MAX_LENGTH,
  JOB_DOCUMENT_MAX_LENGTH,
  type JobDocument,
  PRESIGN_MAX_SECONDS,
  parseJobDocument,
  VERSION_MAX_LENGTH,
  VERSION_PATTERN,
} from "@fota/shared";
import { parseDurationSeconds } from "../flags.js";
import type { ImageFile } from "./image-file.js";
import type { Target } from "./targets.js";

/** What a publish was asked to do, checked as far as that goes without looking at anything else. */
export interface Order {
  imagePath: string;
  slot: number;
  targets: Target[];
  bucket: string;
  /** Without slashes at its ends; may be empty. */
  prefix: string;
  /** `undefined`: as long as can be. */
  expiresInSeconds: number | undefined;
  jobId: string | undefined;
  fwVersion: string | undefined;
  model: string | undefined;
  minVersion: string | undefined;
  description: string | undefined;
}

/** Shorter than this no device would get to use the URL. */
const EXPIRES_MIN_SECONDS = 60;
const MODEL_MAX_LENGTH = 128;
/** What S3 advises for keys: such names need no escaping in the URL that devices parse. */
const SAFE_KEY_PATTERN = /^[A-Za-z0-9._/-]*$/;

/** @throws {FotaError} EXPIRES_INVALID */
export function checkExpires(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = parseDurationSeconds(text);
  if (seconds !== undefined && seconds >= EXPIRES_MIN_SECONDS && seconds <= PRESIGN_MAX_SECONDS)
    return seconds;
  throw new FotaError("EXPIRES_INVALID", `--expires must be from 60s to 7d, got ${JSON.stringify(text)}`, {
    hint: "write 90s, 30m, 12h, 7d or a number of seconds; S3 allows no more than 7 days",
  });
}

/** @throws {FotaError} USAGE */
export function checkBucketName(bucket: string | undefined): string {
  if (bucket === undefined) {
    throw new FotaError("USAGE", "no bucket is given", {
      hint: "give --bucket, set FOTA_BUCKET, or write `bucket` into fota.config.json",
    });
  }
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) return bucket;
  throw new FotaError("USAGE", `${JSON.stringify(bucket)} is not the name of a bucket`, {
    hint: "give the bare name, without s3:// and without a path; --prefix is for the path",
  });
}

/** @throws {FotaError} USAGE */
export function checkPrefix(prefix: string): string {
  if (SAFE_KEY_PATTERN.test(prefix)) return prefix.replace(/^\/+|\/+$/g, "");
  throw new FotaError("USAGE", `--prefix may only hold A-Z a-z 0-9 . _ - /, got ${JSON.stringify(prefix)}`);
}

/** @throws {FotaError} VERSION_INVALID, naming `flag` */
export function checkVersion(version: string | undefined, flag: string): string | undefined {
  if (version === undefined) return undefined;
  if (version.length <= VERSION_MAX_LENGTH && VERSION_PATTERN.test(version)) return version;
  throw new FotaError("VERSION_INVALID", `${flag} must be a version, got ${JSON.stringify(version)}`, {
    hint: "write 1.4.0, v2 or 1.4.0-rc.1+build7",
  });
}

/** @throws {FotaError} USAGE */
export function checkModel(model: string | undefined): string | undefined {
  if (model === undefined || (model !== "" && model.length <= MODEL_MAX_LENGTH)) return model;
  throw new FotaError("USAGE", `--model must have 1 to ${MODEL_MAX_LENGTH} characters, got ${model.length}`);
}

/** @throws {FotaError} USAGE */
export function checkDescription(description: string | undefined): string | undefined {
  if (description === undefined) return undefined;
  if (description.length <= JOB_DESCRIPTION_MAX_LENGTH && !/\p{C}/u.test(description)) return description;
  const limit = `at most ${JOB_DESCRIPTION_MAX_LENGTH} characters, none of them a line break or control character`;
  throw new FotaError("USAGE", `--description takes ${limit}`);
}

/** The key says the content: the same image is uploaded once, and never replaced by another. */
export function objectKey(prefix: string, image: Pick<ImageFile, "sha256" | "name">): string {
  const name = image.name.replace(/[^A-Za-z0-9._-]/g, "_").slice(0, 128);
  return [prefix, image.sha256, name].filter((part) => part !== "").join("/");
}

/**
 * The job document of an order, checked as a device will check it.
 * @throws {FotaError} ENDPOINT_INVALID when devices would refuse the URL, DOCUMENT_INVALID, DOCUMENT_TOO_LARGE
 */
export function jobDocumentOf(order: Order, image: ImageFile, url: string): JobDocument {
  if (!isImageUrl(url)) {
    const { origin } = new URL(url);
    throw new FotaError("ENDPOINT_INVALID", `devices refuse the image URL, which is on ${origin}`, {
      hint: `it must be https (http only to a loopback address) and have at most ${IMAGE_URL_MAX_LENGTH} characters`,
    });
  }
  const document = parseJobDocument({
    operation: "fota",
    bc_idx: order.slot,
    bc_crc: image.md5,
    bc_size: image.sizeBytes,
    bc_url: url,
    bc_sha256: image.sha256,
    ...(order.fwVersion !== undefined && { bc_version: order.fwVersion }),
    ...(order.model !== undefined && { bc_model: order.model }),
    ...(order.minVersion !== undefined && { bc_min: order.minVersion }),
  });
  const { length } = JSON.stringify(document);
  if (length <= JOB_DOCUMENT_MAX_LENGTH) return document;
  throw new FotaError("DOCUMENT_TOO_LARGE", `the job document has ${length} characters, AWS takes 32768`);
}
