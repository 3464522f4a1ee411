import { FotaError, hintAnd, hintOf, imagesOf, isFotaError, type JobDocument } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import { addressOf, byObject } from "../aws/image-object.js";
import { cancelJob, createJob } from "../aws/jobs.js";
import { uploadImage } from "../aws/upload.js";
import { grouped } from "../grouped.js";
import { checkImageUrl } from "../job/check-url.js";
import { jobRequestOf } from "../job/job-request.js";
import { signedUrlEnd } from "../job/signed-url.js";
import { ensureImages } from "./ensure-images.js";
import { type ExistingJob, findExisting } from "./existing.js";
import { makeGroup } from "./group.js";
import { type Plan, withFreshUrls } from "./plan.js";
import type { Published, PublishStep } from "./result.js";

/** What came of a plan: whether there was anything to do. */
export interface PublishOutcome {
  published: Published;
  created: boolean;
}

export interface PublishSteps {
  /** Before each step; `onBytes` of the upload comes between. */
  onStep(step: PublishStep): void;
  onBytes(count: number): void;
}

/**
 * Carries a plan out: upload, presign, try the URLs, make the group, create the job. What a failure leaves behind is
 * under the name of its content, the next run goes on from it, and the error's hint names it.
 */
export async function executePlan(plan: Plan, cloud: Cloud, steps: PublishSteps): Promise<PublishOutcome> {
  if (plan.existing !== undefined) {
    const { document, ended } = plan.existing;
    if (!ended) await ensureImages(plan, document, cloud, steps);
    return existingOutcome(plan, plan.existing);
  }
  const made: string[] = [];
  try {
    return await execute(plan, cloud, steps, made);
  } catch (error) {
    if (!isFotaError(error) || made.length === 0) throw error;
    const left = `${made.join(" and ")} stay: run the same command again to continue`;
    throw new FotaError(error.code, error.message, { hint: hintAnd(hintOf(error), left), cause: error });
  }
}

/** Names in `made` what it has made so far. */
async function execute(
  plan: Plan,
  cloud: Cloud,
  steps: PublishSteps,
  made: string[],
): Promise<PublishOutcome> {
  const { iot, s3, access, signal } = cloud;
  for (const [{ image, object, isThere }] of byObject(plan.images)) {
    if (isThere) continue;
    steps.onStep("upload");
    await uploadImage(s3, object, image, steps.onBytes);
    made.push(addressOf(object));
  }
  const document = await withFreshUrls(plan.document, plan, s3);
  if (plan.spec.presign.by === "cli") {
    steps.onStep("check");
    for (const [{ bc_url, bc_size }] of grouped(imagesOf(document), ({ bc_url }) => bc_url)) {
      await checkImageUrl(bc_url, bc_size, { ...access, signal });
    }
  }
  if (plan.group !== undefined) {
    steps.onStep("group");
    await makeGroup(iot, plan.group, signal);
    made.push(`group ${plan.group.name}`);
  }
  steps.onStep("create");
  try {
    const { jobArn } = await createJob(iot, jobRequestOf(plan.spec, { ...plan, document }));
    await ensureOrCancel(plan, document, cloud, steps);
    return { published: publishedOf(plan, jobArn, document), created: true };
  } catch (error) {
    // Somebody was faster, or an answer got lost and the SDK asked again: then it is ours.
    const existing = isFotaError(error, "JOB_EXISTS") ? await findExisting(iot, plan, new Date()) : undefined;
    if (existing === undefined) throw error;
    if (!existing.ended) await ensureImages(plan, existing.document, cloud, steps);
    return existingOutcome(plan, existing);
  }
}

/** A job whose image is gone for good would fail on every thing: it is canceled. */
async function ensureOrCancel(
  plan: Plan,
  document: JobDocument,
  cloud: Cloud,
  steps: PublishSteps,
): Promise<void> {
  try {
    await ensureImages(plan, document, cloud, steps);
  } catch (error) {
    if (!isFotaError(error, "IMAGE_NOT_FOUND")) throw error;
    await cancelJob(cloud.iot, plan.jobId, { force: true });
    throw new FotaError(error.code, `${error.message}; job ${plan.jobId} is canceled`, {
      hint: hintOf(error),
      cause: error,
    });
  }
}

/** The result of a plan, executed or not. */
export function publishedOf(plan: Plan, jobArn: string | null, document: JobDocument): Published {
  // Whose credentials presigned the URL of an existing job is not known.
  const credentialsEnd = plan.existing === undefined ? plan.credentialsEnd : undefined;
  const urls = imagesOf(document);
  return {
    jobId: plan.jobId,
    jobArn,
    document,
    images: plan.images.map(({ image, slot, object }) => {
      const url = urls.find(({ bc_idx }) => bc_idx === slot)?.bc_url ?? "";
      const { md5, sha256, sizeBytes: size } = image;
      return { slot, ...object, md5, sha256, size, url, expiresAt: endOf(url, credentialsEnd) };
    }),
    targets: plan.targetArns,
  };
}

function endOf(url: string, credentialsEnd: Date | undefined): string | null {
  const end = signedUrlEnd(url);
  if (end === undefined) return null;
  return (credentialsEnd !== undefined && credentialsEnd < end ? credentialsEnd : end).toISOString();
}

function existingOutcome(plan: Plan, { jobArn, document }: ExistingJob): PublishOutcome {
  return { published: publishedOf(plan, jobArn, document), created: false };
}
