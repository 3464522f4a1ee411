import { imagesOf, isFotaError, type JobDocument } from "@fota/shared";
import { type Execution, listExecutions } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { getJobDocument } from "../aws/jobs.js";
import { given } from "../given.js";
import { decodeDocument } from "../job/read-job.js";
import { openReports } from "./reports.js";
import type { JobSummary, ThingSummary } from "./result.js";

/** Limits the reports that are read of a larger job: each takes a request. */
const SAMPLE_MAX = 20;

/**
 * Adds what patches saved, if things report that they used one. Of a job whose executions are not in the summary, reads
 * the reports of up to 20 things that succeeded, if the job document has patches. Adds nothing if something cannot be
 * read.
 */
export async function withSavings(iot: Iot, summary: JobSummary): Promise<JobSummary> {
  const { jobId, executions, counts } = summary;
  if (executions === undefined ? counts.succeeded === 0 : !executions.some(usedPatch)) return summary;
  try {
    const decoded = decodeDocument(await getJobDocument(iot, jobId));
    if (decoded.kind !== "order") return summary;
    const { document } = decoded;
    if (executions !== undefined) return { ...summary, ...given({ saved: savingsOf(document, executions) }) };
    if (imagesOf(document).every(({ bc_delta = [] }) => bc_delta.length === 0)) return summary;
    const sample = await readSucceeded(iot, jobId);
    const saved = savingsOf(document, sample);
    return saved === undefined ? summary : { ...summary, saved: { ...saved, read: sample.length } };
  } catch (error) {
    if (!isFotaError(error) || error.code === "INTERRUPTED") throw error;
    return summary;
  }
}

async function readSucceeded(iot: Iot, jobId: string): Promise<ThingSummary[]> {
  const sample: Execution[] = [];
  for await (const execution of listExecutions(iot, jobId, "SUCCEEDED")) {
    sample.push(execution);
    if (sample.length === SAMPLE_MAX) break;
  }
  return await openReports(iot, jobId).of(sample);
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
