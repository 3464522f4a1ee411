import { isFotaDocument, isFotaError, type JobDocument, parseJobDocument } from "@fota/shared";
import type { Iot } from "../aws/iot.js";
import { describeJob, getJobDocument, type JobDescription } from "../aws/jobs.js";

/** A document as a device would take it. */
export type DecodedDocument =
  | { kind: "order"; document: JobDocument }
  /** It says that it is ours, and a device refuses it: `fault` names each key that is wrong. */
  | { kind: "invalid"; fault: string }
  /** Another kind of job. */
  | { kind: "other" };

export interface JobOrder {
  job: JobDescription;
  /** The document as it was given. */
  text: string;
  decoded: DecodedDocument;
}

/** Reads a job and what it orders: two requests. @throws {FotaError} JOB_NOT_FOUND */
export async function readJobOrder(iot: Iot, jobId: string): Promise<JobOrder> {
  const job = await describeJob(iot, jobId);
  const text = await getJobDocument(iot, jobId);
  return { job, text, decoded: decodeDocument(text) };
}

export function decodeDocument(text: string): DecodedDocument {
  try {
    const value: unknown = JSON.parse(text);
    if (!isFotaDocument(value)) return { kind: "other" };
    return { kind: "order", document: parseJobDocument(value) };
  } catch (error) {
    return isFotaError(error) ? { kind: "invalid", fault: error.message } : { kind: "other" };
  }
}
