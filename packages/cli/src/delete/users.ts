import { isFotaError } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import type { Iot } from "../aws/iot.js";
import { getJobDocument, listJobs } from "../aws/jobs.js";

/** Why an image is kept: the job that uses it, or may. */
interface User {
  jobId: string;
  /** Its document could not be read, so that nobody knows. */
  unread: boolean;
}

/** Jobs whose documents were looked at, so that a second look takes in new ones only. */
export interface Search {
  sha256s: readonly string[];
  /** The job that is to be deleted. */
  except: string;
  known: Set<string>;
  /** By SHA-256 of the image. */
  users: Map<string, User>;
}

/**
 * Looks through the documents of all jobs, ended ones too, as they can be retried. An image is known by its SHA-256,
 * which is in its key, whatever form the URL has. A job whose document cannot be read counts as a user of all.
 * @throws {FotaError} ACCESS_DENIED when jobs cannot be listed
 */
export async function findUsers(iot: Iot, search: Search, progress: (text: string) => void): Promise<void> {
  const { sha256s, except, known, users } = search;
  const jobIds: string[] = [];
  for await (const { jobId, status } of listJobs(iot)) {
    if (jobId !== except && !known.has(jobId) && status !== "DELETION_IN_PROGRESS") jobIds.push(jobId);
  }
  let looked = 0;
  await mapAtOnce(jobIds, REQUESTS_AT_ONCE, async (jobId) => {
    known.add(jobId);
    if (sha256s.every((sha256) => users.has(sha256))) return;
    progress(`looking who else uses the image: ${looked++} of ${jobIds.length} jobs`);
    const text = await documentOf(iot, jobId);
    for (const sha256 of sha256s) {
      const uses = text === undefined || plainOf(text).includes(sha256);
      if (uses && !users.has(sha256)) users.set(sha256, { jobId, unread: text === undefined });
    }
  });
}

/** `undefined`: it cannot be read. Of a job that is gone by now it is empty. */
async function documentOf(iot: Iot, jobId: string): Promise<string | undefined> {
  try {
    return await getJobDocument(iot, jobId);
  } catch (error) {
    if (isFotaError(error, "JOB_NOT_FOUND")) return "";
    if (isFotaError(error, "ACCESS_DENIED") || isFotaError(error, "AWS_ERROR")) return undefined;
    throw error;
  }
}

/** A document without the escapes that JSON and URLs allow for any character, also inside a digest. */
function plainOf(text: string): string {
  const unescaped = text.replace(
    /\\u([0-9a-f]{4})|%([0-9a-f]{2})/gi,
    (_whole, unit?: string, byte?: string) => String.fromCharCode(Number.parseInt(unit ?? byte ?? "", 16)),
  );
  return `${text}\n${unescaped}`.toLowerCase();
}
