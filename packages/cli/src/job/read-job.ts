import { isFotaDocument, isFotaError, type JobDocument, parseJobDocument } from "@fota/shared";
import type { Iot } from "../aws/iot.js";
import { describeJob, getJobDocument, type JobDescription } from "../aws/jobs.js";

/** Holds a document as a device would read it. */
export type DecodedDocument =
  | { kind: "order"; document: JobDocument }
  /** The document claims to be fota's, but a device refuses it: `fault` names each wrong key. */
  | { kind: "invalid"; fault: string }
  /** The job is of another kind. */
  | { kind: "other" };

export interface JobWithDocument {
  job: JobDescription;
  /** The document as it was given. */
  text: string;
  decoded: DecodedDocument;
}

/** Reads a job and its document, with two requests. @throws {FotaError} JOB_NOT_FOUND */
export async function readJobWithDocument(iot: Iot, jobId: string): Promise<JobWithDocument> {
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
