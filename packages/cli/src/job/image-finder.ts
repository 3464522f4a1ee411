import { imagesOf, isFotaError, type JobDocument } from "@fota/shared";
import type { Iot } from "../aws/iot.js";
import { getJobDocument } from "../aws/jobs.js";
import { decodeDocument } from "./read-job.js";

/**
 * Returns a function that tells which image another job has: one of those of `document`, another, or `none`. It reads
 * each job once.
 */
export function imageFinder(
  iot: Iot,
  document: JobDocument,
): (jobId: string) => Promise<"same" | "other" | "none"> {
  const wanted = new Set(digestsIn(document));
  const read = async (jobId: string) => {
    const decoded = decodeDocument(await documentOf(iot, jobId));
    if (decoded.kind !== "order") return "none";
    return digestsIn(decoded.document).some((digest) => wanted.has(digest)) ? "same" : "other";
  };
  return onceEach(read);
}

/** Returns `read` with a memory of its answers by job id. */
export function onceEach<T>(read: (jobId: string) => Promise<T>): (jobId: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (jobId) => {
    const found = known.get(jobId) ?? read(jobId);
    known.set(jobId, found);
    return found;
  };
}

function digestsIn(document: JobDocument): string[] {
  return imagesOf(document).map(({ bc_crc, bc_size }) => `${bc_crc} ${bc_size}`);
}

/** Returns an empty text if the job, and so its executions, no longer exist. */
async function documentOf(iot: Iot, jobId: string): Promise<string> {
  return await getJobDocument(iot, jobId).catch((error: unknown) => {
    if (isFotaError(error, "JOB_NOT_FOUND")) return "";
    throw error;
  });
}
