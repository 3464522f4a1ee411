import {
  type DocumentDelta,
  type DocumentImage,
  imagesOf,
  isFotaError,
  isPresignPlaceholder,
  type JobDocument,
} from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import type { Iot } from "../aws/iot.js";
import type { JobDescription } from "../aws/jobs.js";
import { listTags } from "../aws/tags.js";
import { given } from "../given.js";
import { checkLegacyDocument } from "../job/legacy-devices.js";
import type { JobWithDocument } from "../job/read-job.js";
import { readJobWithDocument } from "../job/read-job.js";
import { rolloutTextsOf, scheduleTextsOf } from "../job/rollout-options.js";
import { parseRolloutTags } from "../job/rollout-tags.js";
import { signedUrlEnd } from "../job/signed-url.js";
import { checkObject, objectOfPatch } from "../job/stored-image.js";
import { withQueriesOf } from "../job/target-queries.js";
import { isoOfSeconds, signedFactsOf } from "../signing/signed-facts.js";
import type { ShownImage, ShownJob, ShownPatch } from "./result.js";
import { signedBy } from "./signed-by.js";

/** Reads everything about a job, its document and its images. @throws {FotaError} JOB_NOT_FOUND */
export async function showJob(
  cloud: Cloud,
  jobId: string,
  { key, now }: { key: string | undefined; now: Date },
): Promise<ShownJob> {
  const found = await readJobWithDocument(cloud.iot, jobId);
  const { job, decoded } = found;
  const common = {
    ...(await withQueriesOf(cloud.iot, shownSetup(job))),
    ...given({ stage: await stageOf(cloud.iot, job) }),
    document: documentValue(found),
    kind: decoded.kind,
  };
  if (decoded.kind !== "order") {
    const fault = decoded.kind === "invalid" ? { fault: decoded.fault } : {};
    return { ...common, ...fault, images: [], signatures: [], legacy: [] };
  }
  const { document } = decoded;
  const images: ShownImage[] = [];
  for (const image of imagesOf(document)) images.push(await showImage(image, cloud, now));
  const { bc_version, bc_model, bc_min, bc_exp, bc_sig = [] } = document;
  const verified = key === undefined ? [] : await signedBy(document, key);
  return {
    ...common,
    images,
    ...given({
      fwVersion: bc_version,
      model: bc_model,
      minVersion: bc_min,
      endsAt: bc_exp === undefined ? undefined : isoOfSeconds(bc_exp),
    }),
    signatures: bc_sig.map((signature, i) => ({ key: signature.key, verified: verified[i] ?? null })),
    signed: signedFactsOf(document),
    ...(document.bc_keys !== undefined && { keySets: document.bc_keys.map(({ v: version }) => version) }),
    legacy: legacyTraps(document),
  };
}

/** Returns the stage of a rollout that the job is; `undefined` also if its tags may not be read. */
async function stageOf(iot: Iot, { jobArn }: JobDescription): Promise<ShownJob["stage"]> {
  const tags = await listTags(iot, jobArn).catch((error: unknown) => {
    if (isFotaError(error) && error.code !== "INTERRUPTED") return {}; // other implementations of the API have no tags
    throw error;
  });
  return parseRolloutTags(tags)?.of;
}

function shownSetup(job: JobDescription) {
  const { jobId, jobArn, status, description, reasonCode, comment, forceCanceled, continuous, counts } = job;
  const { createdAt, lastUpdatedAt, completedAt, presignedUrlConfig, packageArns } = job;
  const role = presignedUrlConfig?.roleArn;
  return {
    jobId,
    jobArn,
    status,
    ...given({
      description,
      createdAt: createdAt?.toISOString(),
      lastUpdatedAt: lastUpdatedAt?.toISOString(),
      completedAt: completedAt?.toISOString(),
      reasonCode,
      comment,
    }),
    forceCanceled,
    targets: job.targetArns,
    continuous,
    counts,
    rollout: rolloutOf(job),
    ...(packageArns.length > 0 && { packageVersions: packageArns }),
    ...given({ role }),
  };
}

function rolloutOf(job: JobDescription): ShownJob["rollout"] {
  const { abortOn, ...texts } = rolloutTextsOf(job);
  const { thingTimeout: timeout } = texts;
  return {
    ...given({ ...texts, timeout }),
    ...(abortOn !== undefined && { abortOn: [...abortOn] }),
    ...scheduleTextsOf(job),
  };
}

async function showImage(image: DocumentImage, cloud: Cloud, now: Date): Promise<ShownImage> {
  const { s3 } = cloud;
  const patches: ShownPatch[] = [];
  for (const delta of image.bc_delta ?? []) patches.push(await showPatch(delta, image, cloud, now));
  const { object, state, because } = await checkObject(image, s3);
  const { bc_idx, bc_size, bc_crc, bc_sha256, bc_url: url } = image;
  const end = signedUrlEnd(url);
  return {
    slot: bc_idx,
    size: bc_size,
    md5: bc_crc,
    ...given({ sha256: bc_sha256 }),
    url,
    bucket: object?.bucket ?? null,
    key: object?.key ?? null,
    object: state,
    ...given({ because }),
    presign: isPresignPlaceholder(url) ? "iot" : end === undefined ? "none" : "cli",
    expiresAt: end?.toISOString() ?? null,
    expired: end !== undefined && end <= now,
    ...(patches.length > 0 && { patches }),
  };
}

async function showPatch(
  delta: DocumentDelta,
  { bc_size }: DocumentImage,
  { s3 }: Cloud,
  now: Date,
): Promise<ShownPatch> {
  const { object, state, because } = await checkObject(objectOfPatch(delta), s3);
  const { from_sha256, bytes, sha256, url } = delta;
  const end = signedUrlEnd(url);
  return {
    fromSha256: from_sha256 ?? null,
    bytes,
    percent: (bytes / bc_size) * 100,
    sha256,
    url,
    bucket: object?.bucket ?? null,
    key: object?.key ?? null,
    object: state,
    ...given({ because }),
    expiresAt: end?.toISOString() ?? null,
    expired: end !== undefined && end <= now,
  };
}

function legacyTraps(document: JobDocument): string[] {
  try {
    checkLegacyDocument(document);
    return [];
  } catch (error) {
    if (isFotaError(error, "LEGACY_UNSAFE")) return [error.message];
    throw error;
  }
}

function documentValue({ text }: JobWithDocument): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
