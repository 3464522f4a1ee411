import {
  FotaError,
  isFotaError,
  type JobDocument,
  PRESIGN_MAX_SECONDS,
  parseJobDocument,
} from "@fota/shared";
import type { ImageObject, Images } from "../aws/images.js";
import type { Iot } from "../aws/iot.js";
import { describeJob, getJobDocument, type JobDescription } from "../aws/jobs.js";
import { thingArn, thingGroupArn } from "../aws/things.js";
import type { ImageFile } from "./image-file.js";
import { checkJobId, jobIdOf } from "./job-id.js";
import { jobDocumentOf, type Order, objectKey } from "./order.js";
import { signedUrlEnd } from "./signed-url.js";
import { checkRegions, type Target } from "./targets.js";

/** Everything that a publish will do, found out before anything is changed. */
export interface Plan {
  order: Order;
  image: ImageFile;
  object: ImageObject;
  jobId: string;
  targetArns: string[];
  expiresInSeconds: number;
  /** When the credentials end, and with them each URL that they presigned. */
  credentialsEnd: Date | undefined;
  /** As it would be created; its URL is presigned anew after the upload. */
  document: JobDocument;
  /** The same job, when it exists already: then there is nothing left to do. */
  existing: ExistingJob | undefined;
  warnings: string[];
}

export interface ExistingJob {
  jobArn: string;
  document: JobDocument;
}

export interface Cloud {
  iot: Iot;
  images: Images;
}

const LOOKUPS_AT_ONCE = 8;

/**
 * Checks all that can be checked; changes nothing.
 * @throws {FotaError} NO_REGION, NO_CREDENTIALS, THING_NOT_FOUND, GROUP_NOT_FOUND, TARGET_INVALID, BUCKET_NOT_FOUND,
 * BUCKET_WRONG_REGION, EXPIRES_INVALID, ENDPOINT_INVALID, JOB_EXISTS and what translated AWS errors can be
 */
export async function planPublish(order: Order, image: ImageFile, cloud: Cloud, now: Date): Promise<Plan> {
  const { iot, images } = cloud;
  const [{ region }, { credentialsEnd }] = await inOrder([iot.identity(), images.identity()]);
  checkRegions(order.targets, region);
  const { expiresInSeconds, warnings } = lifeOfUrl(order.expiresInSeconds, credentialsEnd, now);
  const [targetArns] = await inOrder([findTargets(iot, order.targets), images.checkBucket(order.bucket)]);

  const object = { bucket: order.bucket, key: objectKey(order.prefix, image) };
  const document = jobDocumentOf(order, image, await images.presign(object, expiresInSeconds));
  const jobId = checkJobId(order.jobId ?? jobIdOf({ ...order, ...object, sha256: image.sha256, targetArns }));
  const plan = {
    order,
    image,
    object,
    jobId,
    targetArns,
    expiresInSeconds,
    credentialsEnd,
    document,
    warnings,
  };
  return { ...plan, existing: await findExisting(iot, plan, now) };
}

/**
 * The job of this plan if it is there already: the same targets, and the same document but for the URL's signature.
 * @throws {FotaError} JOB_EXISTS when the id belongs to another job, or the same one cannot be carried out any more
 */
export async function findExisting(
  iot: Iot,
  plan: Pick<Plan, "jobId" | "targetArns" | "document">,
  now: Date,
): Promise<ExistingJob | undefined> {
  const job = await describeJob(iot, plan.jobId).catch((error: unknown) => {
    if (isFotaError(error, "JOB_NOT_FOUND")) return undefined;
    throw error;
  });
  if (job === undefined) return undefined;
  const document = parseStored(await getJobDocument(iot, plan.jobId));
  if (document === undefined || !sameOrder(document, plan.document) || !sameTargets(job, plan.targetArns)) {
    throw jobExists(plan.jobId, "exists already and is another one");
  }
  if (job.status === "CANCELED" || job.status === "DELETION_IN_PROGRESS") {
    throw jobExists(plan.jobId, `is the same one, but is ${job.status}`);
  }
  const end = signedUrlEnd(document.bc_url);
  if (job.status !== "COMPLETED" && end !== undefined && end <= now) {
    throw jobExists(plan.jobId, `is the same one, but its URL expired at ${end.toISOString()}`);
  }
  return { jobArn: job.jobArn, document };
}

function lifeOfUrl(
  wantedSeconds: number | undefined,
  credentialsEnd: Date | undefined,
  now: Date,
): { expiresInSeconds: number; warnings: string[] } {
  const wanted = wantedSeconds ?? PRESIGN_MAX_SECONDS;
  if (credentialsEnd === undefined) return { expiresInSeconds: wanted, warnings: [] };
  const left = Math.floor((credentialsEnd.getTime() - now.getTime()) / 1000);
  if (left >= wanted) return { expiresInSeconds: wanted, warnings: [] };
  const end = credentialsEnd.toISOString();
  if (wantedSeconds !== undefined || left < 60) {
    throw new FotaError(
      "EXPIRES_INVALID",
      `the URL cannot live ${wanted} s: these credentials end at ${end}`,
      {
        hint: "give a shorter --expires, or use credentials that live longer (an IAM user's key does not end)",
      },
    );
  }
  const warning = `the URL ends with these credentials, at ${end}: a device that is off until then cannot update`;
  return { expiresInSeconds: left, warnings: [warning] };
}

async function findTargets(iot: Iot, targets: readonly Target[]): Promise<string[]> {
  const arns: string[] = [];
  for (let i = 0; i < targets.length; i += LOOKUPS_AT_ONCE) {
    arns.push(
      ...(await inOrder(targets.slice(i, i + LOOKUPS_AT_ONCE).map((target) => findTarget(iot, target)))),
    );
  }
  return [...new Set(arns)];
}

async function findTarget(iot: Iot, target: Target): Promise<string> {
  const arn =
    target.kind === "thing" ? await thingArn(iot, target.name) : await thingGroupArn(iot, target.name);
  if (target.arn === undefined || target.arn === arn) return arn;
  throw new FotaError("TARGET_INVALID", `${target.text} is not in this account, where its name is ${arn}`, {
    hint: "use credentials of the target's account (--profile)",
  });
}

function parseStored(text: string): JobDocument | undefined {
  try {
    return parseJobDocument(JSON.parse(text));
  } catch {
    return undefined; // a job of another kind
  }
}

function sameOrder(a: JobDocument, b: JobDocument): boolean {
  const withoutSignature = (document: JobDocument) => {
    const entries = Object.entries({ ...document, bc_url: document.bc_url.split("?")[0] });
    return JSON.stringify(entries.sort(([x], [y]) => (x < y ? -1 : 1)));
  };
  return withoutSignature(a) === withoutSignature(b);
}

function sameTargets(job: JobDescription, targetArns: readonly string[]): boolean {
  return JSON.stringify([...job.targetArns].sort()) === JSON.stringify([...targetArns].sort());
}

function jobExists(jobId: string, what: string): FotaError {
  return new FotaError("JOB_EXISTS", `job ${jobId} ${what}`, {
    hint: `give a new id, such as --job-id ${jobId.slice(0, 62)}-2; nothing was changed`,
  });
}

/** Waits for all, so that of several faults it is always the first in the list that is told. */
async function inOrder<T extends readonly unknown[] | []>(
  tasks: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(tasks);
  for (const task of tasks) await task;
  return await Promise.all(tasks);
}
