import { imagesOf, isFotaError, type JobDocument } from "@fota/shared";
import type { Iot } from "../aws/iot.js";
import { getJobDocument } from "../aws/jobs.js";
import { decodeDocument } from "./read-job.js";

/** Returns a function that tells whether another job has any of the images of `document`; it reads each job once. */
export function imageFinder(iot: Iot, document: JobDocument): (jobId: string) => Promise<boolean> {
  const wanted = new Set(digestsIn(document));
  const known = new Map<string, Promise<boolean>>();
  const read = async (jobId: string) => {
    const decoded = decodeDocument(await documentOf(iot, jobId));
    return decoded.kind === "order" && digestsIn(decoded.document).some((digest) => wanted.has(digest));
  };
  return (jobId) => {
    const found = known.get(jobId) ?? read(jobId);
    known.set(jobId, found);
    return found;
  };
}

function digestsIn(document: JobDocument): string[] {
  return imagesOf(document).map(({ bc_crc, bc_size }) => `${bc_crc} ${bc_size}`);
}

/** Empty where the job is gone by now, and its executions with it. */
async function documentOf(iot: Iot, jobId: string): Promise<string> {
  return await getJobDocument(iot, jobId).catch((error: unknown) => {
    if (isFotaError(error, "JOB_NOT_FOUND")) return "";
    throw error;
  });
}
