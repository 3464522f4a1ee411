import { FotaError, type JobDocument } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { listPendingJobIds } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { getJobDocument } from "../aws/jobs.js";

/** Limits a request line of the original library; a longer one loses its query. */
const REQUEST_LINE_MAX_BYTES = 2_048;
/**
 * No source says how much an original device can hold. Five keys with a URL that fills the request line take under 3
 * KiB, and each further key only costs memory.
 */
const LEGACY_DOCUMENT_MAX_LENGTH = 4_096;

/** Returns notes about keys that a device with the original library ignores. */
function legacyNotes({ bc_idx: slot, bc_alt }: JobDocument): string[] {
  const notes = [
    "a device with the original library boots what it got even if its MD5 is wrong",
    "it ignores bc_sha256, bc_version, bc_model, bc_min, bc_alt, bc_delta and signatures",
  ];
  if (bc_alt === undefined) return notes;
  return [...notes, `it takes the image for slot ${slot} only: one that runs slot ${slot} refuses the job`];
}

/**
 * Limits the things whose pending jobs are read for `--legacy`: each takes two requests, and AWS allows ten a second.
 */
const LEGACY_THINGS_MAX = 1_000;

/** Holds a job in the pending queue of a thing. */
interface PendingJob {
  jobId: string;
  thing: string;
}

/** Returns notes about original devices. @throws {FotaError} LEGACY_UNSAFE */
export async function checkLegacy(
  iot: Iot,
  jobId: string,
  document: JobDocument,
  things: readonly string[],
): Promise<string[]> {
  checkLegacyDocument(document);
  const looked = things.slice(0, LEGACY_THINGS_MAX);
  const pending = await mapAtOnce(looked, REQUESTS_AT_ONCE, async (thing) =>
    (await listPendingJobIds(iot, thing)).map((id) => ({ jobId: id, thing })),
  );
  const ids = [...new Set(pending.flat().map((job) => job.jobId))].filter((id) => id !== jobId);
  const documents = await mapAtOnce(ids, REQUESTS_AT_ONCE, async (id): Promise<[string, string]> => {
    return [id, await getJobDocument(iot, id)];
  });
  checkPendingJobs(jobId, pending.flat(), new Map(documents));
  return looked.length === things.length
    ? legacyNotes(document)
    : [...legacyNotes(document), `fota checked the pending jobs of the first ${looked.length} things only`];
}

/** Checks that an original device can process a document. @throws {FotaError} LEGACY_UNSAFE */
export function checkLegacyDocument(document: JobDocument): void {
  const { bc_url: url } = document;
  if (url.startsWith("http:")) {
    throw unsafe("the image URL is http: an original device only speaks https", "give an https endpoint");
  }
  if (URL.canParse(url)) {
    const { pathname, search } = new URL(url);
    const bytes = Buffer.byteLength(`GET ${pathname}${search} HTTP/1.1\r\n`);
    if (bytes > REQUEST_LINE_MAX_BYTES) {
      throw unsafe(
        `the request line of the image URL has ${bytes} bytes, an original device sends ${REQUEST_LINE_MAX_BYTES}`,
        "presign with the key of an IAM user: a session token makes the URL that long; a shorter --prefix helps a little",
      );
    }
  }
  const { length } = JSON.stringify(document);
  if (length <= LEGACY_DOCUMENT_MAX_LENGTH) return;
  throw unsafe(
    `the job document has ${length} characters, more than the ${LEGACY_DOCUMENT_MAX_LENGTH} that are safe for an original device`,
    "publish one image and not several, and leave out --delta-from",
  );
}

/**
 * Checks a thing's pending jobs. The original library takes an answer about a job for one about each job whose id
 * begins with that id (B-21), and a job without `operation` makes it reset in a loop (B-27).
 * @throws {FotaError} LEGACY_UNSAFE
 */
export function checkPendingJobs(
  jobId: string,
  pending: readonly PendingJob[],
  /** Holds the document of each pending job, as text. */
  documents: ReadonlyMap<string, string>,
): void {
  for (const { jobId: other, thing } of pending) {
    if (other === jobId) continue;
    if (other.startsWith(jobId) || jobId.startsWith(other)) {
      throw unsafe(
        `${thing} has job ${other} pending, and an original device cannot tell it from ${jobId}`,
        "give another --job-id, or cancel the pending job first",
      );
    }
    if (!hasOperation(documents.get(other) ?? "")) {
      throw unsafe(
        `${thing} has job ${other} pending, whose document has no operation: an original device restarts in a loop on it`,
        `cancel it first: \`aws iot cancel-job --job-id ${other}\``,
      );
    }
  }
}

function hasOperation(document: string): boolean {
  try {
    const value: unknown = JSON.parse(document);
    return typeof value === "object" && value !== null && "operation" in value;
  } catch {
    return false;
  }
}

function unsafe(message: string, hint: string): FotaError {
  return new FotaError("LEGACY_UNSAFE", message, { hint });
}
