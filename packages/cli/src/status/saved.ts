import { imagesOf, isFotaError, type JobDocument } from "@fota/shared";
import type { Iot } from "../aws/iot.js";
import { getJobDocument } from "../aws/jobs.js";
import { decodeDocument } from "../job/read-job.js";
import type { JobSummary, ThingSummary } from "./result.js";

/**
 * Adds what patches saved, if things report that they used one. Reads the job document only then, for the sizes of the
 * images, and adds nothing if it cannot be read.
 */
export async function withSavings(iot: Iot, summary: JobSummary): Promise<JobSummary> {
  const things = (summary.executions ?? []).filter(usedPatch);
  if (things.length === 0) return summary;
  try {
    const decoded = decodeDocument(await getJobDocument(iot, summary.jobId));
    const saved = decoded.kind === "order" ? savingsOf(decoded.document, things) : undefined;
    return saved === undefined ? summary : { ...summary, saved };
  } catch (error) {
    if (!isFotaError(error) || error.code === "INTERRUPTED") throw error;
    return summary;
  }
}

/**
 * Returns whether the thing made its image from a patch or the compressed image. A thing that fetched nothing had the
 * image already.
 */
function usedPatch({ status, via, fetchedBytes = 0 }: ThingSummary): boolean {
  return status === "SUCCEEDED" && (via === "patch" || via === "compressed") && fetchedBytes > 0;
}

/**
 * Returns what those of `things` that used a patch did not download of their images; `undefined` if there are none, or
 * no image can be told.
 */
export function savingsOf(document: JobDocument, things: readonly ThingSummary[]): JobSummary["saved"] {
  const pairs = things.filter(usedPatch).flatMap((thing) => {
    const imageBytes = imageBytesOf(document, thing);
    return imageBytes === undefined ? [] : [{ imageBytes, fetchedBytes: thing.fetchedBytes ?? 0 }];
  });
  if (pairs.length === 0) return undefined;
  const total = pairs.reduce((sum, { imageBytes }) => sum + imageBytes, 0);
  const fetched = pairs.reduce((sum, { fetchedBytes }) => sum + fetchedBytes, 0);
  return { bytes: total - fetched, imageBytes: total, things: pairs.length };
}

/** Returns the size of the image that the thing downloaded: all images have it, or the one for the slot that runs. */
function imageBytesOf(document: JobDocument, { running }: ThingSummary): number | undefined {
  const images = imagesOf(document);
  const [first] = images;
  if (images.every(({ bc_size }) => bc_size === first?.bc_size)) return first?.bc_size;
  const slot = /\bslot (\d+)$/.exec(running ?? "")?.[1];
  return images.find(({ bc_idx }) => String(bc_idx) === slot)?.bc_size;
}
