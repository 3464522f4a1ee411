import { FotaError, imagesOf, isPresignPlaceholder, type JobDocument, type OrderedImage } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import type { JobDescription } from "../aws/jobs.js";
import type { JobContent } from "../job/job-id.js";
import type { JobSpec } from "../job/job-spec.js";
import { readJobOrder } from "../job/read-job.js";
import { rolloutTextsOf } from "../job/rollout-options.js";
import { checkObject, orderableObject } from "../job/stored-image.js";
import { type Plan, type PlannedImage, planJob, withFreshUrls } from "../publish/plan.js";
import type { PublishRequest } from "../publish/request.js";

/** A job whose order is given once more. */
export interface OldJob {
  job: JobDescription;
  document: JobDocument;
  /** Found and compared in S3; the first is the one of the legacy keys. */
  images: [PlannedImage, ...PlannedImage[]];
}

/** What the options of the command line may change of the old job. */
export type AgainOptions = Omit<
  PublishRequest,
  "images" | "slot" | "bucket" | "prefix" | "fwVersion" | "model" | "minVersion" | "to"
>;

/**
 * Reads what a job ordered, and whether it can be ordered again.
 * @throws {FotaError} JOB_NOT_FOUND, DOCUMENT_INVALID, ORDER_EXPIRED, IMAGE_NOT_FOUND, IMAGE_CHANGED, ACCESS_DENIED
 */
export async function readOldJob(
  cloud: Cloud,
  jobId: string,
  { now, flags }: { now: Date; flags: string },
): Promise<OldJob> {
  const { job, decoded } = await readJobOrder(cloud.iot, jobId);
  if (decoded.kind !== "order") {
    const why = decoded.kind === "invalid" ? decoded.fault : "its document is of another kind";
    throw new FotaError("DOCUMENT_INVALID", `what job ${jobId} orders cannot be ordered again: ${why}`, {
      hint: `\`fota show ${jobId}${flags}\` shows it`,
    });
  }
  const { document } = decoded;
  const { bc_exp } = document;
  if (bc_exp !== undefined && bc_exp * 1000 <= now.getTime()) {
    const ended = new Date(bc_exp * 1000).toISOString();
    throw new FotaError("ORDER_EXPIRED", `the order of job ${jobId} ended at ${ended}: no device begins it`, {
      hint: "publish the image again, with a later end; a new end needs new signatures",
    });
  }
  const [first, ...others] = imagesOf(document);
  if (first === undefined) throw new Error("a document has an image");
  const images: OldJob["images"] = [await findImage(first, cloud)];
  for (const image of others) images.push(await findImage(image, cloud));
  return { job, document, images };
}

/**
 * The request of a publish that gives the order again: presigned by whom it was, rolled out as it was, but for what
 * `options` say. The old schedule is not in it, as its times have passed, and a preset takes the place of the rollout.
 */
export function requestAgain(
  { job, document, images: [{ object }] }: OldJob,
  options: AgainOptions,
  to: readonly string[],
): PublishRequest {
  const { bc_idx, bc_version, bc_model, bc_min } = document;
  const byIot = isPresignPlaceholder(document.bc_url);
  const presign = options.presign ?? (byIot ? "iot" : "cli");
  const { roleArn, expiresInSec } = presign === "iot" && byIot ? (job.presignedUrlConfig ?? {}) : {};
  return {
    ...(options.rollout === undefined && rolloutTextsOf(job)),
    ...(job.description !== undefined && { description: job.description }),
    ...(roleArn !== undefined && { role: roleArn }),
    ...(expiresInSec !== undefined && { expires: `${expiresInSec}s` }),
    ...options,
    presign,
    to,
    images: [object.key],
    slot: bc_idx,
    bucket: object.bucket,
    ...(bc_version !== undefined && { fwVersion: bc_version }),
    ...(bc_model !== undefined && { model: bc_model }),
    ...(bc_min !== undefined && { minVersion: bc_min }),
  };
}

/** Plans to give an order again: the same document but for its URLs. @throws {FotaError} as `planJob` does */
export async function planAgain(
  { document, images }: OldJob,
  order: JobSpec,
  cloud: Cloud,
  now: Date,
  jobId: (content: JobContent) => string,
): Promise<Plan> {
  return await planJob(order, cloud, now, {
    images: async () => images,
    document: (source) => withFreshUrls(document, source, cloud.images),
    jobId,
  });
}

async function findImage(image: OrderedImage, { images, access }: Cloud): Promise<PlannedImage> {
  const checked = await checkObject(image, images, access.s3Endpoint);
  const object = orderableObject(image, checked);
  const sha256 = image.bc_sha256 ?? checked.stored?.sha256;
  const { bc_idx: slot, bc_size: sizeBytes, bc_crc: md5 } = image;
  const name = object.key.slice(object.key.lastIndexOf("/") + 1);
  if (sha256 !== undefined) return { slot, object, image: { name, sizeBytes, md5, sha256 }, isThere: true };
  throw new FotaError("DOCUMENT_INVALID", `neither the order nor S3 knows the SHA-256 of ${object.key}`, {
    hint: "publish the image: an order of fota has it",
  });
}
