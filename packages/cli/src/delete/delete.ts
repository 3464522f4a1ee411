import { setTimeout as sleep } from "node:timers/promises";
import { FotaError, hintAnd, hintOf, imagesOf, isFotaError, type JobDocument } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import type { Cloud } from "../aws/cloud.js";
import type { ImageObject } from "../aws/image-object.js";
import { findImage, removeImage } from "../aws/images.js";
import { cancelJob, deleteJob, describeJob, type JobDescription } from "../aws/jobs.js";
import { objectOfUrl } from "../job/object-of-url.js";
import { readJobWithDocument } from "../job/read-job.js";
import { checkObject, objectOfPatch, type StatedObject } from "../job/stored-image.js";
import { queryGroupsOf } from "./query-groups.js";
import type { Deletion } from "./result.js";
import { findUsers, type Search } from "./users.js";

/** Says what a deletion would do, read before the user is asked. */
export interface DeletePlan {
  job: JobDescription;
  force: boolean;
  images: PlannedRemoval[];
  search: Search | undefined;
  /** The dynamic groups of the job's queries, which stay. */
  queryGroups: NonNullable<Deletion["queryGroups"]>;
}

interface PlannedRemoval {
  slot: number;
  /** True for a patch that makes the image of the slot. */
  isPatch: boolean;
  object: ImageObject | undefined;
  sha256: string | undefined;
  /** Says why the image is kept; `undefined`: it is removed. */
  keep: string | undefined;
}

const NOT_MADE_HERE =
  "nothing shows that `fota publish` uploaded it; to delete it, give its --bucket and --prefix";
const NOT_IN_S3 = "its URL is not of S3";
const GONE_ASKED_AFTER_MS = 500;
/** Waits only briefly: AWS IoT may take minutes to delete a large job. */
const GONE_TRIES = 6;

/** Says where `fota publish` stores images, according to settings and options. */
interface Place {
  bucket: string | undefined;
  prefix: string;
}

interface DeleteOptions {
  force: boolean;
  keepImage: boolean;
  place: Place;
  progress(text: string): void;
}

/** Plans a deletion. @throws {FotaError} JOB_NOT_FOUND, JOB_NOT_ENDED, ACCESS_DENIED */
export async function planDelete(cloud: Cloud, jobId: string, options: DeleteOptions): Promise<DeletePlan> {
  const { force, keepImage, place } = options;
  const { job, decoded } = await readJobWithDocument(cloud.iot, jobId);
  if (!force && !canBeDeleted(job)) {
    throw new FotaError("JOB_NOT_ENDED", `job ${jobId} has not ended: ${stateOf(job)}`, {
      hint: {
        text: "run <command> first, or use --force to stop the things in progress too",
        command: ["cancel", jobId],
      },
    });
  }
  const stated = decoded.kind === "order" ? objectsIn(decoded.document) : [];
  const images = await mapAtOnce(stated, REQUESTS_AT_ONCE, async ({ slot, isPatch, object }) => ({
    ...{ slot, isPatch },
    ...(await removalOf(object, cloud, keepImage, place)),
  }));
  const sha256s = images.flatMap(({ keep, sha256 }) =>
    keep === undefined && sha256 !== undefined ? [sha256] : [],
  );
  const queryGroups = await queryGroupsOf(cloud, job);
  if (sha256s.length === 0) return { job, force, images, search: undefined, queryGroups };
  const search: Search = {
    sha256s,
    except: jobId,
    known: { job: new Set(), "job template": new Set() },
    users: new Map(),
  };
  await findUsers(cloud.iot, search, options.progress).catch((error: unknown) => {
    if (!isFotaError(error, "ACCESS_DENIED")) throw error;
    throw new FotaError(error.code, error.message, {
      hint: hintAnd(hintOf(error), "use --keep-image to delete only the job"),
      cause: error,
    });
  });
  return {
    ...{ job, force, search, queryGroups },
    images: images.map((image) => ({ ...image, keep: keepFor(image, search) })),
  };
}

/**
 * Executes the plan. After an interruption the next run finds what is left to do: the job, whose document names the
 * images, is deleted last.
 */
export async function executeDelete(
  cloud: Cloud,
  { job, force, images, search, queryGroups }: DeletePlan,
  progress: (text: string) => void,
): Promise<Deletion> {
  const { iot, signal } = cloud;
  const { jobId } = job;
  if (force && job.status !== "DELETION_IN_PROGRESS" && !canBeDeleted(job)) await stopDevices(cloud, jobId);
  // The image may have been published again while the question was open.
  if (search !== undefined) await findUsers(iot, search, progress);
  const fates: Deletion["images"] = [];
  for (const image of images) {
    // An image that is the same for several slots is one object: a second removal would not find it.
    const before = fates.find(
      ({ bucket, key }) => bucket === image.object?.bucket && key === image.object.key,
    );
    const { slot } = image;
    fates.push(before === undefined ? await removeUnused(cloud, image, search) : { ...before, slot });
  }
  if (search !== undefined) await checkStillUnused(cloud, images, fates, search, progress);
  if (job.status !== "DELETION_IN_PROGRESS") {
    await deleteJob(iot, jobId, { force }).catch((error: unknown) => {
      if (!isFotaError(error, "JOB_NOT_FOUND")) throw error; // another command deleted the job meanwhile
    });
  }
  return {
    ...{ jobId, gone: await isGone(cloud, jobId, signal), images: fates },
    ...(queryGroups.length > 0 && { queryGroups }),
  };
}

/** Returns whether AWS can delete the job and no thing is in progress, so that no running download loses its image. */
function canBeDeleted({ status, counts }: JobDescription): boolean {
  if (status === "COMPLETED" || status === "DELETION_IN_PROGRESS") return true;
  return status === "CANCELED" && counts.inProgress === 0;
}

function stateOf({ status, counts }: JobDescription): string {
  return status === "CANCELED" ? `CANCELED, and ${counts.inProgress} still in progress` : status;
}

/** Returns the images of a document, then their patches. */
function objectsIn(document: JobDocument): { slot: number; isPatch: boolean; object: StatedObject }[] {
  const images = imagesOf(document);
  const patches = images.flatMap(({ bc_idx: slot, bc_delta = [] }) =>
    bc_delta.map((delta) => ({ slot, isPatch: true, object: objectOfPatch(delta) })),
  );
  return [...images.map((image) => ({ slot: image.bc_idx, isPatch: false, object: image })), ...patches];
}

async function removalOf(
  image: StatedObject,
  { s3 }: Cloud,
  keepImage: boolean,
  place: Place,
): Promise<Omit<PlannedRemoval, "slot" | "isPatch">> {
  const { bc_url, bc_sha256: sha256 } = image;
  const object = objectOfUrl(bc_url, s3.endpoint);
  const planned = { object, sha256 };
  if (keepImage) return { ...planned, keep: "--keep-image" };
  if (object === undefined) return { ...planned, keep: NOT_IN_S3 };
  // Delete only what `fota publish` uploaded, whatever a document says.
  const prefix = sha256 === undefined ? undefined : prefixOfKey(object.key, sha256);
  if (prefix === undefined) return { ...planned, keep: "`fota publish` does not write such keys" };
  const { state, because, stored } = await checkObject(image, s3);
  if (state === "differs") return { ...planned, keep: `it is not the image of the job: ${because}` };
  if (state === "unknown") return { ...planned, keep: `it cannot be read: ${because}` };
  const isMade = state === "missing" || stored?.mark === sha256;
  const isInPlace = object.bucket === place.bucket && prefix === place.prefix;
  return { ...planned, keep: isMade || isInPlace ? undefined : NOT_MADE_HERE };
}

/** Returns the part before `<sha256>/<name>` in a key that `objectKey` made; `undefined` for any other key. */
function prefixOfKey(key: string, sha256: string): string | undefined {
  const parts = key.split("/");
  const name = parts.pop() ?? "";
  if (parts.pop() !== sha256 || !/^[A-Za-z0-9._-]{1,128}$/.test(name)) return undefined;
  return parts.join("/");
}

function keepFor({ keep, sha256 }: PlannedRemoval, search: Search | undefined): string | undefined {
  const user = sha256 === undefined ? undefined : search?.users.get(sha256);
  if (keep !== undefined || user === undefined) return keep;
  const { kind, id, unread } = user;
  return unread ? `the document of ${kind} ${id} cannot be read` : `${kind} ${id} uses it`;
}

async function removeUnused(
  { s3 }: Cloud,
  image: PlannedRemoval,
  search: Search | undefined,
): Promise<Deletion["images"][number]> {
  const { slot, isPatch, object } = image;
  const keep = keepFor(image, search);
  const fate = {
    slot,
    ...(isPatch && { patch: true as const }),
    bucket: object?.bucket ?? null,
    key: object?.key ?? null,
  };
  if (keep !== undefined || object === undefined) {
    return { ...fate, removed: false, because: keep ?? NOT_IN_S3, olderVersions: false };
  }
  const { olderVersions } = await removeImage(s3, object);
  return { ...fate, removed: true, olderVersions };
}

/**
 * Checks for new users of the removed images. A publish may have found an image and created its job between the last
 * search and the removal. The publish then checks again and uploads what is missing; if it checked too early, this
 * function reports its job, and the deleted job stays.
 * @throws {FotaError} IMAGE_NOT_FOUND
 */
async function checkStillUnused(
  { iot, s3 }: Cloud,
  images: readonly PlannedRemoval[],
  fates: Deletion["images"],
  search: Search,
  progress: (text: string) => void,
): Promise<void> {
  const removed = images.filter((_image, index) => fates[index]?.removed === true);
  if (removed.length === 0) return;
  await findUsers(iot, search, progress);
  for (const { object, isPatch, sha256 = "" } of removed) {
    if (isPatch) continue; // without it, devices download the image
    const user = search.users.get(sha256);
    if (user === undefined || object === undefined || (await findImage(s3, object)) !== undefined) continue;
    const where = `s3://${object.bucket}/${object.key}`;
    throw new FotaError(
      "IMAGE_NOT_FOUND",
      `${user.kind} ${user.id} was created while its image ${where} was deleted`,
      {
        hint:
          user.kind === "job"
            ? `publish again what job ${user.id} publishes, by the same command: it uploads the image; then delete again`
            : `publish the image again, which uploads it, or delete ${user.kind} ${user.id}; then delete again`,
      },
    );
  }
}

/** Cancels the job. If it was canceled already, DeleteJob removes the executions in progress. */
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
