import { imagesOf, isFotaError, type JobDocument } from "@fota/shared";
import type { Iot } from "../aws/iot.js";
import { getJobDocument } from "../aws/jobs.js";
import { decodeDocument } from "../job/read-job.js";
import type { JobSummary, ThingSummary } from "./result.js";

/**
 * Adds what patches saved, if things report how they downloaded. Reads the job document only then, for the sizes of the
 * images, and adds nothing if it cannot be read.
 */
export async function withSavings(iot: Iot, summary: JobSummary): Promise<JobSummary> {
  const things = (summary.executions ?? []).filter(
    ({ via, fetchedBytes }) => via !== undefined && fetchedBytes !== undefined,
  );
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

/** Returns what `things` did not download of their images; `undefined` if no image can be told. */
export function savingsOf(document: JobDocument, things: readonly ThingSummary[]): JobSummary["saved"] {
  const pairs = things.flatMap((thing) => {
    const imageBytes = imageBytesOf(document, thing);
    return imageBytes === undefined ? [] : [{ imageBytes, fetchedBytes: thing.fetchedBytes ?? 0 }];
  });
  if (pairs.length === 0) return undefined;
  const total = pairs.reduce((sum, { imageBytes }) => sum + imageBytes, 0);
  const fetched = pairs.reduce((sum, { fetchedBytes }) => sum + fetchedBytes, 0);
  return { bytes: total - fetched, imageBytes: total, things: pairs.length };
}

/** Returns the size of the image that the thing downloaded: all images have it, or the one for the slot that runs. */
function imageBytesOf(document: JobDocument, { status, running }: ThingSummary): number | undefined {
  const images = imagesOf(document);
  const [first] = images;
  if (images.every(({ bc_size }) => bc_size === first?.bc_size)) return first?.bc_size;
  const slot = status === "SUCCEEDED" ? /\bslot (\d+)$/.exec(running ?? "")?.[1] : undefined;
  return images.find(({ bc_idx }) => String(bc_idx) === slot)?.bc_size;
}
