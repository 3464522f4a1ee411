import {
  type DocumentImage,
  FotaError,
  imagesOf,
  isPresignPlaceholder,
  type JobDocument,
} from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import type { JobDescription } from "../aws/jobs.js";
import type { JobContent } from "../job/job-id.js";
import type { JobOptions } from "../job/job-options.js";
import { type JobSources, type JobSpec, jobSpecOf, type PriorJob } from "../job/job-spec.js";
import type { PriorPresign } from "../job/presign.js";
import { readJobWithDocument } from "../job/read-job.js";
import { rolloutOfJob } from "../job/rollout-of-job.js";
import { checkObject, republishableObject } from "../job/stored-image.js";
import type { Target } from "../job/targets.js";
import { withFreshUrls } from "../publish/document-urls.js";
import { findPatches } from "../publish/find-patches.js";
import { checkPackageVersions } from "../publish/package.js";
import type { PatchPlan } from "../publish/patches.js";
import type { Plan, PlannedImage } from "../publish/plan.js";
import { planJob } from "../publish/plan-job.js";

/** Holds a job whose images are published again. */
export interface OldJob {
  job: JobDescription;
  document: JobDocument;
  /** Holds the images as checked in S3; the first fills the legacy keys. */
  images: [PlannedImage, ...PlannedImage[]];
}

/** Holds the options that may change the old job. */
export type RepublishOptions = Omit<JobOptions, "fwVersion" | "model" | "minVersion" | "package">;

/**
 * Reads a job and checks that its images and package versions can be published again.
 * @throws {FotaError} JOB_NOT_FOUND, DOCUMENT_INVALID, ORDER_EXPIRED, IMAGE_NOT_FOUND, IMAGE_CHANGED, PACKAGE_NOT_FOUND,
 * ACCESS_DENIED
 */
export async function readOldJob(cloud: Cloud, jobId: string, now: Date): Promise<OldJob> {
  const { job, decoded } = await readJobWithDocument(cloud.iot, jobId);
  if (decoded.kind !== "order") {
    const why = decoded.kind === "invalid" ? decoded.fault : "its document is of another kind";
    throw new FotaError("DOCUMENT_INVALID", `job ${jobId} cannot be published again: ${why}`, {
      hint: { text: "run <command> to see it", command: ["show", jobId] },
    });
  }
  const { document } = decoded;
  const { bc_exp } = document;
  if (bc_exp !== undefined && bc_exp * 1000 <= now.getTime()) {
    const ended = new Date(bc_exp * 1000).toISOString();
    throw new FotaError("ORDER_EXPIRED", `job ${jobId} expired at ${ended}: no device starts it`, {
      hint: `publish the image again with a later expiry, or sign again: ${signAgainCommands(jobId, "--valid-until <time>")}`,
    });
  }
  await checkPackageVersions(cloud.iot, job.packageArns);
  const [first, ...others] = imagesOf(document);
  if (first === undefined) throw new Error("a document has an image");
  const images: OldJob["images"] = [await findImage(first, cloud)];
  for (const image of others) images.push(await findImage(image, cloud));
  return { job, document, images };
}

/** Returns the commands that sign the document of a job with other facts, and publish it. */
function signAgainCommands(jobId: string, facts: string): string {
  const sign = `fota show ${jobId} --document | fota sign - ${facts} --sign <key> --out signed.json`;
  return `\`${sign}\`, then \`fota publish <image> --document signed.json\``;
}

/**
 * Resolves a new job with the presigning and the rollout of the old one, except for what `options` change. Leaves out
 * the old schedule, whose times have passed; a preset replaces the rollout.
 * @throws {FotaError} as `jobSpecOf` and `rolloutOfJob` do
 */
export function republishSpec(
  old: Pick<OldJob, "job" | "document">,
  options: RepublishOptions,
  targets: readonly Target[],
  sources: JobSources,
): JobSpec {
  const rollout = options.rollout === undefined ? rolloutOfJob(old.job) : { abortOn: [], retries: [] };
  return jobSpecOf(options, targets, sources, { ...priorOf(old), rollout });
}

/** Returns the values that a new job takes from the old one, apart from the rollout. */
export function priorOf({ job, document }: Pick<OldJob, "job" | "document">): Omit<PriorJob, "rollout"> {
  return {
    presign: presignOf(job, document),
    description: job.description,
    fwVersion: document.bc_version,
    model: document.bc_model,
    minVersion: document.bc_min,
    packageArns: job.packageArns,
  };
}

function presignOf({ presignedUrlConfig }: JobDescription, { bc_url }: JobDocument): PriorPresign {
  if (!isPresignPlaceholder(bc_url)) return { by: "cli" };
  return {
    by: "iot",
    role: presignedUrlConfig?.roleArn,
    expiresInSeconds: presignedUrlConfig?.expiresInSec,
  };
}

/** Holds a job to publish again. */
interface RepublishedJob extends Pick<OldJob, "document" | "images"> {
  job: Pick<JobDescription, "jobId">;
  /** The patches of a job that is only planned; those of a job that exists are looked up. */
  patches?: PatchPlan;
}

/** Plans to publish the images again: only the URLs of the document change. @throws {FotaError} as `planJob` does */
export async function planRepublish(
  { job, document, images, patches }: RepublishedJob,
  spec: JobSpec,
  cloud: Cloud,
  now: Date,
  jobId: (content: JobContent) => string,
): Promise<Plan> {
  const signAgain = signAgainCommands(job.jobId, "--for <thing>");
  return await planJob(spec, cloud, now, {
    bucket: images[0].object.bucket,
    images: async () => images,
    patches: async () => patches ?? (await findPatches(document, cloud.s3)),
    document: (source) => withFreshUrls(document, source, cloud.s3),
    jobId,
    signers: [],
    signAgain,
  });
}

async function findImage(image: DocumentImage, { s3 }: Cloud): Promise<PlannedImage> {
  const checked = await checkObject(image, s3);
  const object = republishableObject(image, checked);
  const sha256 = image.bc_sha256 ?? checked.stored?.sha256;
  const { bc_idx: slot, bc_size: sizeBytes, bc_crc: md5 } = image;
  const name = object.key.slice(object.key.lastIndexOf("/") + 1);
  if (sha256 !== undefined) return { slot, object, image: { name, sizeBytes, md5, sha256 }, isThere: true };
  throw new FotaError(
    "DOCUMENT_INVALID",
    `neither the job document nor S3 has the SHA-256 of ${object.key}`,
    {
      hint: "publish the image again: fota writes it into the job document",
    },
  );
}
