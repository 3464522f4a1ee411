import { isFotaError } from "@fota/shared";
import type { Iot } from "../aws/iot.js";
import { getJobDocument } from "../aws/jobs.js";
import { isOfSignature } from "../causes/signature-causes.js";
import { decodeDocument } from "../job/read-job.js";
import { signatureText } from "../signing/signature-text.js";
import type { JobSummary } from "./result.js";

/**
 * Adds who signed the job document if devices refused it for that. Reads the document only then, and leaves it out if
 * it cannot be read.
 */
export async function withSignatures(iot: Iot, summary: JobSummary): Promise<JobSummary> {
  const { causes = [], executions = [] } = summary;
  if (![...causes, ...executions].some(({ reason }) => isOfSignature(reason))) return summary;
  try {
    const decoded = decodeDocument(await getJobDocument(iot, summary.jobId));
    if (decoded.kind !== "order") return summary;
    return { ...summary, signed: signatureText(decoded.document, []) ?? "no" };
  } catch (error) {
    if (!isFotaError(error) || error.code === "INTERRUPTED") throw error;
    return summary;
  }
}
