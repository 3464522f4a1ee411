import { FotaError, hintAnd, hintOf, imagesOf, isFotaError, type JobDocument } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import { addressOf, byObject } from "../aws/image-object.js";
import { cancelJob, createJob } from "../aws/jobs.js";
import { uploadImage } from "../aws/upload.js";
import { grouped } from "../grouped.js";
import { checkImageUrl } from "../job/check-url.js";
import { jobRequestOf } from "../job/job-request.js";
import { signedUrlEnd } from "../job/signed-url.js";
import { withFreshUrls } from "./document-urls.js";
import { ensureImages } from "./ensure-images.js";
import { type ExistingJob, findExisting } from "./existing.js";
import { makeGroup } from "./group.js";
import { type MadePackage, makePackage, namesOfMade, publishPackage } from "./package.js";
import type { PlannedPatch } from "./patches.js";
import type { Plan } from "./plan.js";
import { makeQueryGroup } from "./query-group.js";
import type { Published, PublishStep } from "./result.js";
import { firmwareOf } from "./same-image.js";

/** Holds the result of a plan and whether a job was created. */
export interface PublishOutcome {
  published: Published;
  created: boolean;
}

export interface PublishSteps {
  /** Called before each step; `onBytes` follows during the upload. */
  onStep(step: PublishStep): void;
  onBytes(count: number): void;
}

/**
 * Executes a plan: uploads, presigns, tries the URLs, makes the group, creates the job. After a failure, what was made
 * stays under the name of its content, so the next run continues from it; the error's hint names it.
 */
export async function executePlan(plan: Plan, cloud: Cloud, steps: PublishSteps): Promise<PublishOutcome> {
  if (plan.existing !== undefined) {
    const { document, ended } = plan.existing;
    if (!ended) await ensureImages(plan, document, cloud, steps);
    return existingOutcome(plan, plan.existing);
  }
  const made: string[] = [];
  const madePackage: MadePackage = { package: false, version: false };
  try {
    return await execute(plan, cloud, steps, made, madePackage);
  } catch (error) {
    made.unshift(...namesOfMade(plan.packages.version, madePackage));
    if (!isFotaError(error) || made.length === 0) throw error;
    const left = `${made.join(" and ")} stay: run the same command again to continue`;
    throw new FotaError(error.code, error.message, { hint: hintAnd(hintOf(error), left), cause: error });
  }
}

/** Executes a plan, adds the names of what it made to `made`, and says in `madePackage` what it made of a package. */
async function execute(
  plan: Plan,
  cloud: Cloud,
  steps: PublishSteps,
  made: string[],
  madePackage: MadePackage,
): Promise<PublishOutcome> {
  const { iot, s3, access, signal } = cloud;
  const { version } = plan.packages;
  if (version !== undefined) steps.onStep("package");
  await makePackage(iot, version, madePackage);
  for (const [{ image, object, isThere }] of byObject([...plan.images, ...plan.patches.offered])) {
    if (isThere) continue;
    steps.onStep("upload");
    await uploadImage(s3, object, image, steps.onBytes, firmwareOf(plan.document));
    made.push(addressOf(object));
  }
  const document = await withFreshUrls(plan.document, plan, s3);
  if (plan.spec.presign.by === "cli") {
    steps.onStep("check");
    for (const [{ url, bytes }] of grouped(downloadsIn(document), (download) => download.url)) {
      await checkImageUrl(url, bytes, { ...access, signal });
    }
  }
  for (const group of plan.queryGroups) {
    steps.onStep("group");
    await makeQueryGroup(iot, group, signal).catch((error: unknown) => {
      if (!group.exists) made.push(`group ${group.name}`);
      throw error;
    });
    if (!group.exists) made.push(`group ${group.name}`);
  }
  if (plan.group !== undefined) {
    steps.onStep("group");
    await makeGroup(iot, plan.group, signal);
    made.push(`group ${plan.group.name}`);
  }
  await publishPackage(cloud, { version, images: plan.images }, madePackage);
  steps.onStep("create");
  try {
    const { jobArn } = await createJob(iot, jobRequestOf(plan.spec, { ...plan, document }));
    await ensureOrCancel(plan, document, cloud, steps);
    return { published: publishedOf(plan, jobArn, document), created: true };
  } catch (error) {
    // Another command created the job meanwhile, or the SDK repeated a request whose answer got lost.
    const existing = isFotaError(error, "JOB_EXISTS") ? await findExisting(iot, plan, new Date()) : undefined;
    if (existing === undefined) throw error;
    if (!existing.ended) await ensureImages(plan, existing.document, cloud, steps);
    return existingOutcome(plan, existing);
  }
}

/** Returns each URL of a document with the size of what it gives. */
function downloadsIn(document: JobDocument): { url: string; bytes: number }[] {
  return imagesOf(document).flatMap(({ bc_url, bc_size, bc_delta = [] }) => [
    { url: bc_url, bytes: bc_size },
    ...bc_delta,
  ]);
}

/** Cancels the job if one of its images is gone for good: it would fail on every thing. */
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

/** Returns the result of a plan, executed or not. */
export function publishedOf(plan: Plan, jobArn: string | null, document: JobDocument): Published {
  // The credentials that presigned the URL of an existing job are not known.
  const credentialsExpireAt = plan.existing === undefined ? plan.credentialsExpireAt : undefined;
  const urls = imagesOf(document);
  return {
    jobId: plan.jobId,
    jobArn,
    document,
    images: plan.images.map(({ image, slot, object }) => {
      const url = urls.find(({ bc_idx }) => bc_idx === slot)?.bc_url ?? "";
      const { md5, sha256, sizeBytes: size } = image;
      return { slot, ...object, md5, sha256, size, url, expiresAt: expiryOf(url, credentialsExpireAt) };
    }),
    ...(plan.patches.offered.length > 0 && {
      patches: plan.patches.offered.flatMap((patch) =>
        publishedPatchOf(patch, document, credentialsExpireAt),
      ),
    }),
    targets: plan.targetArns,
    ...(plan.packages.arns.length > 0 && { packageVersions: plan.packages.arns }),
  };
}

function publishedPatchOf(
  { slots, from, object }: PlannedPatch,
  document: JobDocument,
  credentialsExpireAt: Date | undefined,
): NonNullable<Published["patches"]> {
  const { bc_delta = [] } = imagesOf(document).find(({ bc_idx }) => bc_idx === slots[0]) ?? {};
  const entry = bc_delta.find(({ from_sha256 }) => from_sha256 === from?.sha256);
  if (entry === undefined) return []; // the job exists, and offers other patches
  const { sha256, bytes: size, url } = entry;
  const expiresAt = expiryOf(url, credentialsExpireAt);
  return [{ slots: [...slots], fromSha256: from?.sha256 ?? null, ...object, sha256, size, url, expiresAt }];
}

function expiryOf(url: string, credentialsExpireAt: Date | undefined): string | null {
  const end = signedUrlEnd(url);
  if (end === undefined) return null;
  return (
    credentialsExpireAt !== undefined && credentialsExpireAt < end ? credentialsExpireAt : end
  ).toISOString();
}

function existingOutcome(plan: Plan, { jobArn, document }: ExistingJob): PublishOutcome {
  return { published: publishedOf(plan, jobArn, document), created: false };
}
