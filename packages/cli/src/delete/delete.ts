import { setTimeout as sleep } from "node:timers/promises";
import { FotaError, imagesOf, isFotaError, type OrderedImage } from "@fota/shared";
import type { ImageObject } from "../aws/images.js";
import { cancelJob, deleteJob, describeJob, type JobDescription } from "../aws/jobs.js";
import { objectOfUrl } from "../job-order/object-of-url.js";
import { readJobOrder } from "../job-order/read.js";
import type { Cloud } from "../publish/cloud.js";
import type { Deletion } from "./result.js";
import { findUsers, type Search } from "./users.js";

/** What a deletion would do, found out before anybody is asked. */
export interface DeletePlan {
  job: JobDescription;
  force: boolean;
  images: PlannedRemoval[];
  search: Search | undefined;
}

interface PlannedRemoval {
  slot: number;
  object: ImageObject | undefined;
  sha256: string | undefined;
  /** Why the image is kept; `undefined`: it goes. */
  keep: string | undefined;
}

const NOT_IN_S3 = "its URL is not of S3";
const GONE_ASKED_AFTER_MS = 500;
/** A moment: AWS IoT may take minutes for a large job. */
const GONE_TRIES = 6;

/** @throws {FotaError} JOB_NOT_FOUND, JOB_NOT_ENDED, ACCESS_DENIED */
export async function planDelete(
  cloud: Cloud,
  jobId: string,
  options: { force: boolean; keepImage: boolean; flags: string; progress(text: string): void },
): Promise<DeletePlan> {
  const { force, keepImage, flags } = options;
  const { job, decoded } = await readJobOrder(cloud.iot, jobId);
  if (!force && !canBeDeleted(job)) {
    throw new FotaError("JOB_NOT_ENDED", `job ${jobId} has not ended: ${stateOf(job)}`, {
      hint: `\`fota cancel ${jobId}${flags}\` first, or --force to take it from the things that are at it`,
    });
  }
  const ordered = decoded.kind === "order" ? imagesOf(decoded.document) : [];
  const images = ordered.map((image) => removalOf(image, cloud.access.s3Endpoint, keepImage));
  const sha256s = images.flatMap(({ keep, sha256 }) =>
    keep === undefined && sha256 !== undefined ? [sha256] : [],
  );
  if (sha256s.length === 0) return { job, force, images, search: undefined };
  const search: Search = { sha256s, except: jobId, known: new Set(), users: new Map() };
  await findUsers(cloud.iot, search, options.progress).catch((error: unknown) => {
    if (!isFotaError(error, "ACCESS_DENIED")) throw error;
    throw new FotaError(error.code, error.message, {
      hint: `${error.hint}; --keep-image deletes the job alone`,
      cause: error,
    });
  });
  return { job, force, search, images: images.map((image) => ({ ...image, keep: keepFor(image, search) })) };
}

/**
 * Carries it out: what is left to do is found again by the next run, whatever breaks off in between. So the job, whose
 * document names the images, goes last.
 */
export async function executeDelete(
  cloud: Cloud,
  { job, force, images, search }: DeletePlan,
  progress: (text: string) => void,
): Promise<Deletion> {
  const { iot, signal } = cloud;
  const { jobId } = job;
  if (force && job.status !== "DELETION_IN_PROGRESS" && !canBeDeleted(job)) await stopDevices(cloud, jobId);
  // Somebody may have published the image again while it was asked.
  if (search !== undefined) await findUsers(iot, search, progress);
  const fates: Deletion["images"] = [];
  for (const image of images) fates.push(await removeImage(cloud, image, search));
  if (job.status !== "DELETION_IN_PROGRESS") {
    await deleteJob(iot, jobId, { force }).catch((error: unknown) => {
      if (!isFotaError(error, "JOB_NOT_FOUND")) throw error; // somebody was faster
    });
  }
  return { jobId, gone: await isGone(cloud, jobId, signal), images: fates };
}

/** As AWS has it, and no thing is at it, so that nothing is taken from under a download. */
function canBeDeleted({ status, counts }: JobDescription): boolean {
  if (status === "COMPLETED" || status === "DELETION_IN_PROGRESS") return true;
  return status === "CANCELED" && counts.inProgress === 0;
}

function stateOf({ status, counts }: JobDescription): string {
  return status === "CANCELED" ? `CANCELED, and ${counts.inProgress} still at it` : status;
}

function removalOf(
  { bc_idx, bc_url, bc_sha256 }: OrderedImage,
  s3Endpoint: string | undefined,
  keepImage: boolean,
): PlannedRemoval {
  const object = objectOfUrl(bc_url, s3Endpoint);
  const image = { slot: bc_idx, object, sha256: bc_sha256 };
  if (keepImage) return { ...image, keep: "--keep-image" };
  if (object === undefined) return { ...image, keep: NOT_IN_S3 };
  // Nothing else is ours to delete, whatever a document says.
  const isOurs = bc_sha256 !== undefined && object.key.split("/").at(-2) === bc_sha256;
  return { ...image, keep: isOurs ? undefined : "its key is none that `fota publish` makes" };
}

function keepFor({ keep, sha256 }: PlannedRemoval, search: Search | undefined): string | undefined {
  const user = sha256 === undefined ? undefined : search?.users.get(sha256);
  if (keep !== undefined || user === undefined) return keep;
  return user.unread ? `the document of job ${user.jobId} cannot be read` : `job ${user.jobId} uses it`;
}

async function removeImage(
  { images }: Cloud,
  image: PlannedRemoval,
  search: Search | undefined,
): Promise<Deletion["images"][number]> {
  const { slot, object } = image;
  const keep = keepFor(image, search);
  const fate = { slot, bucket: object?.bucket ?? null, key: object?.key ?? null };
  if (keep !== undefined || object === undefined) {
    return { ...fate, removed: false, because: keep ?? NOT_IN_S3, olderVersions: false };
  }
  const { olderVersions } = await images.remove(object);
  return { ...fate, removed: true, olderVersions };
}

/** A job that was canceled meanwhile, or before, leaves what things are at to DeleteJob. */
async function stopDevices({ iot }: Cloud, jobId: string): Promise<void> {
  await cancelJob(iot, jobId, { force: true }).catch((error: unknown) => {
    if (!isFotaError(error, "JOB_ENDED")) throw error;
  });
}

async function isGone({ iot }: Cloud, jobId: string, signal: AbortSignal): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    try {
      await describeJob(iot, jobId);
    } catch (error) {
      if (isFotaError(error, "JOB_NOT_FOUND")) return true;
      throw error;
    }
    if (tries === GONE_TRIES) return false;
    await sleep(GONE_ASKED_AFTER_MS, undefined, { signal });
  }
}
