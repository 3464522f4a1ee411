import { type DocumentImage, FotaError, isFotaError, type JobDocument, parseJobDocument } from "@fota/shared";
import type { Iot } from "../aws/iot.js";
import { describeJob, getJobDocument } from "../aws/jobs.js";
import { secondJobId } from "../job/job-id.js";
import { signedUrlEnd } from "../job/signed-url.js";
import type { PatchPlan } from "./patches.js";
import type { Plan } from "./plan.js";
import { hasSameSignatures } from "./signing.js";

export interface ExistingJob {
  jobArn: string;
  document: JobDocument;
  /** True when no device starts it any more. */
  ended: boolean;
}

/**
 * Returns the job of this plan if it exists already: the same targets, package versions, and document except for the URL's
 * signature and the time when the document was signed.
 * @throws {FotaError} JOB_EXISTS when the id belongs to another job, or when the same job can no longer run
 */
export async function findExisting(
  iot: Iot,
  plan: Pick<Plan, "jobId" | "targetArns" | "document" | "signers" | "patches"> & {
    packages: { arns: readonly string[] };
  },
  now: Date,
): Promise<ExistingJob | undefined> {
  const job = await describeJob(iot, plan.jobId).catch((error: unknown) => {
    if (isFotaError(error, "JOB_NOT_FOUND")) return undefined;
    throw error;
  });
  if (job === undefined) return undefined;
  const document = parseStored(await getJobDocument(iot, plan.jobId));
  if (
    document === undefined ||
    !sameDocument(document, plan.document, plan.patches) ||
    !(await hasSameSignatures(document, plan.document, plan.signers)) ||
    !sameMembers(job.targetArns, plan.targetArns) ||
    !sameMembers(job.packageArns, plan.packages.arns)
  ) {
    throw jobExists(plan.jobId, "exists already and is another one");
  }
  if (job.status === "CANCELED" || job.status === "DELETION_IN_PROGRESS") {
    throw jobExists(plan.jobId, `is the same one, but is ${job.status}`);
  }
  const end = signedUrlEnd(document.bc_url);
  if (job.status !== "COMPLETED" && end !== undefined && end <= now) {
    throw jobExists(plan.jobId, `is the same one, but its URL expired at ${end.toISOString()}`);
  }
  return { jobArn: job.jobArn, document, ended: job.status === "COMPLETED" };
}

function parseStored(text: string): JobDocument | undefined {
  try {
    return parseJobDocument(JSON.parse(text));
  } catch {
    return undefined; // a job of another kind
  }
}

/**
 * Compares all but the signatures of URLs and of the document, and the time of the latter. Patches are the same if they
 * are from the same images: another release of Node.js may compress them differently. Patches that the user did not
 * name are not compared: the same publish later finds others.
 */
function sameDocument(a: JobDocument, b: JobDocument, { isStated }: Pick<PatchPlan, "isStated">): boolean {
  const withoutSignature = (document: JobDocument) => {
    const bare = <T extends DocumentImage>({ bc_delta = [], ...image }: T) => ({
      ...image,
      bc_url: image.bc_url.split("?")[0],
      ...(isStated && { froms: bc_delta.map(({ from_sha256 = "" }) => from_sha256).sort() }),
    });
    const { bc_sig: _signatures, bc_at: _signedAt, ...rest } = bare(document);
    const entries = Object.entries({ ...rest, bc_alt: document.bc_alt?.map(bare) });
    return JSON.stringify(entries.sort(([x], [y]) => (x < y ? -1 : 1)));
  };
  return withoutSignature(a) === withoutSignature(b);
}

function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
}

function jobExists(jobId: string, what: string): FotaError {
  return new FotaError("JOB_EXISTS", `job ${jobId} ${what}`, {
    hint: `give a new id, such as --job-id ${secondJobId(jobId)}`,
  });
}
