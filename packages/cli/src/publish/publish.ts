import { isFotaError, type JobDocument } from "@fota/shared";
import { createJob } from "../aws/jobs.js";
import { checkImageUrl } from "./check-url.js";
import { jobDocumentOf } from "./order.js";
import { type Cloud, findExisting, type Plan } from "./plan.js";
import { signedUrlEnd } from "./signed-url.js";

/** What `fota publish --json` prints. */
export interface Published {
  jobId: string;
  /** `null` in a dry run: no job was created. */
  jobArn: string | null;
  document: JobDocument;
  images: PublishedImage[];
  /** ARNs of things and thing groups. */
  targets: string[];
}

interface PublishedImage {
  slot: number;
  bucket: string;
  key: string;
  md5: string;
  sha256: string;
  /** Bytes. */
  size: number;
  url: string;
  /** When the URL stops working, ISO 8601. */
  expiresAt: string;
}

/** What came of a plan: whether there was anything to do. */
export interface PublishOutcome {
  published: Published;
  created: boolean;
  uploaded: boolean;
}

export interface PublishSteps {
  ca: string[] | undefined;
  signal: AbortSignal;
  /** Before each step; `onBytes` of the upload comes between. */
  onStep(step: "upload" | "check" | "create"): void;
  onBytes(count: number): void;
}

/**
 * Carries a plan out: upload, presign, try the URL, create the job. What a failure leaves behind, at most an object
 * under the name of its content, the next run uses.
 */
export async function executePlan(
  plan: Plan,
  { iot, images }: Cloud,
  steps: PublishSteps,
): Promise<PublishOutcome> {
  const { order, image, object, jobId, targetArns } = plan;
  if (plan.existing !== undefined) return existingOutcome(plan, plan.existing);

  const uploaded = !(await images.has(object, image));
  if (uploaded) {
    steps.onStep("upload");
    await images.upload(object, image, steps.onBytes);
  }
  steps.onStep("check");
  const url = await images.presign(object, plan.expiresInSeconds);
  await checkImageUrl(url, image.sizeBytes, steps);

  steps.onStep("create");
  const document = jobDocumentOf(order, image, url);
  const job = { jobId, targetArns, document: JSON.stringify(document), description: order.description };
  try {
    const { jobArn } = await createJob(iot, job);
    return { published: publishedOf(plan, jobArn, document), created: true, uploaded };
  } catch (error) {
    // Somebody was faster, or an answer got lost and the SDK asked again: then it is ours.
    const existing = isFotaError(error, "JOB_EXISTS") ? await findExisting(iot, plan, new Date()) : undefined;
    if (existing === undefined) throw error;
    return existingOutcome(plan, existing);
  }
}

/** The result of a plan, executed or not. */
export function publishedOf(plan: Plan, jobArn: string | null, document: JobDocument): Published {
  const { image, object } = plan;
  // Whose credentials presigned the URL of an existing job is not known.
  const credentialsEnd = plan.existing === undefined ? plan.credentialsEnd : undefined;
  const ends = [signedUrlEnd(document.bc_url), credentialsEnd].filter((end) => end !== undefined);
  return {
    jobId: plan.jobId,
    jobArn,
    document,
    images: [
      {
        slot: document.bc_idx,
        ...object,
        md5: image.md5,
        sha256: image.sha256,
        size: image.sizeBytes,
        url: document.bc_url,
        expiresAt: new Date(Math.min(...ends.map(Number))).toISOString(),
      },
    ],
    targets: plan.targetArns,
  };
}

function existingOutcome(
  plan: Plan,
  { jobArn, document }: { jobArn: string; document: JobDocument },
): PublishOutcome {
  return { published: publishedOf(plan, jobArn, document), created: false, uploaded: false };
}
