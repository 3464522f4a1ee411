import { isFotaError } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import type { Iot } from "../aws/iot.js";
import { getTemplateDocument, listTemplateIds } from "../aws/job-templates.js";
import { getJobDocument, listJobs } from "../aws/jobs.js";

/** A job or job template that uses an image, or may use it, so that the image is kept. */
interface User {
  kind: "job" | "job template";
  id: string;
  /** True if the document could not be read, so that it may use any image. */
  unread: boolean;
}

/** Remembers the jobs and templates whose documents were read, so that a second search reads only new ones. */
export interface Search {
  sha256s: readonly string[];
  /** The job to delete. */
  except: string;
  known: Record<User["kind"], Set<string>>;
  /** Maps the SHA-256 of an image to its user. */
  users: Map<string, User>;
}

/**
 * Searches the documents of all jobs and job templates: ended jobs can be retried, and templates can create jobs. An
 * image is identified by its SHA-256, which is in its key, whatever form the URL has. A document that cannot be read
 * counts as a user of every image.
 * @throws {FotaError} ACCESS_DENIED when jobs or templates cannot be listed
 */
export async function findUsers(iot: Iot, search: Search, progress: (text: string) => void): Promise<void> {
  const { sha256s, except, known, users } = search;
  const unseen: Pick<User, "kind" | "id">[] = [];
  for await (const { jobId, status } of listJobs(iot)) {
    if (jobId === except || known.job.has(jobId) || status === "DELETION_IN_PROGRESS") continue;
    unseen.push({ kind: "job", id: jobId });
  }
  for await (const id of listTemplateIds(iot)) {
    if (!known["job template"].has(id)) unseen.push({ kind: "job template", id });
  }
  let looked = 0;
  await mapAtOnce(unseen, REQUESTS_AT_ONCE, async ({ kind, id }) => {
    known[kind].add(id);
    if (sha256s.every((sha256) => users.has(sha256))) return;
    progress(`checking what else uses the image: ${looked++} of ${unseen.length} documents`);
    const text = await documentOf(iot, kind, id);
    for (const sha256 of sha256s) {
      const uses = text === undefined || plainOf(text).includes(sha256);
      if (uses && !users.has(sha256)) users.set(sha256, { kind, id, unread: text === undefined });
    }
  });
}

/** Returns the document; `undefined` if it cannot be read, empty if the job or template no longer exists. */
async function documentOf(iot: Iot, kind: User["kind"], id: string): Promise<string | undefined> {
  try {
    return kind === "job" ? await getJobDocument(iot, id) : await getTemplateDocument(iot, id);
  } catch (error) {
    if (isFotaError(error, "JOB_NOT_FOUND")) return "";
    if (isFotaError(error, "ACCESS_DENIED") || isFotaError(error, "AWS_ERROR")) return undefined;
    throw error;
  }
}

/** Removes the escapes that JSON and URLs allow for any character, also inside a digest. */
function plainOf(text: string): string {
  const unescaped = text.replace(
    /\\u([0-9a-f]{4})|%([0-9a-f]{2})/gi,
    (_whole, unit?: string, byte?: string) => String.fromCharCode(Number.parseInt(unit ?? byte ?? "", 16)),
  );
  return `${text}\n${unescaped}`.toLowerCase();
}
