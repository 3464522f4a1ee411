import { createHash } from "node:crypto";
import { FotaError, JOB_ID_MAX_LENGTH, JOB_ID_PATTERN, UNUSABLE_JOB_IDS } from "@fota/shared";
import type { JobSpec } from "./job-spec.js";

/**
 * Holds everything that a device or the rollout can notice: two publishes with the same content are the same publish.
 */
export interface JobContent {
  spec: Pick<
    JobSpec,
    | "continuous"
    | "makeGroup"
    | "presign"
    | "fwVersion"
    | "model"
    | "minVersion"
    | "rollout"
    | "scheduleTexts"
  >;
  bucket: string;
  targetArns: readonly string[];
  /** Lists the images in the document's order: the first fills the legacy keys. */
  images: readonly { slot: number; key: string; sha256: string }[];
  /** Holds the signed facts and the ids of the keys; `undefined` for a document that is not signed. */
  signed?: unknown;
  /** Lists the ARNs of the package versions that the job installs. */
  packageArns: readonly string[];
  /** Lists what the offered patches are for. */
  patches: readonly unknown[];
}

/** Begins each id that fota makes. */
export const JOB_ID_PREFIX = "fota-";
/** Stands for the newest job, in place of a job id. */
export const LAST_JOB = "last";
const DIGEST_CHARACTERS = 10;
const LABEL_ROOM = JOB_ID_MAX_LENGTH - JOB_ID_PREFIX.length - "-".length - DIGEST_CHARACTERS;

/** Returns the job id of a publish, made from its content: repeating the same publish gives the same job. */
export function jobIdOf({
  spec,
  bucket,
  targetArns,
  images,
  signed,
  packageArns,
  patches,
}: JobContent): string {
  const { continuous, makeGroup, presign, fwVersion, model, minVersion, rollout, scheduleTexts } = spec;
  const { start, end, atEnd, window } = scheduleTexts;
  const how = [continuous, makeGroup, presign.by, rollout, start, end, atEnd, window];
  const what = images.map(({ slot, key, sha256 }) => [slot, key, sha256]);
  const content = [[...targetArns].sort(), bucket, what, fwVersion, model, minVersion, how];
  // Ids of jobs without signatures, packages and patches stay those of earlier releases.
  const added = [
    ...(signed === undefined ? [] : [signed]),
    ...(packageArns.length === 0 ? [] : [{ packages: packageArns }]),
    ...(patches.length === 0 ? [] : [{ patches }]),
  ];
  const text = JSON.stringify([...content, ...added]);
  return jobIdFrom({ fwVersion, imageKey: images[0]?.key ?? "" }, text);
}

/**
 * Returns `fota-<label>-<digest of text>`; the label is the version, or the name of the image if it has none.
 *
 * The original library confuses two jobs if the id of one begins with the id of the other (B-21). An id made here
 * begins another one only if its digest occurs in the other's label, which no version or name does by accident.
 */
export function jobIdFrom(of: { fwVersion: string | undefined; imageKey: string }, text: string): string {
  const digest = createHash("sha256").update(text).digest("hex").slice(0, DIGEST_CHARACTERS);
  const label = labelFrom(of.fwVersion ?? fileNameOf(of.imageKey), LABEL_ROOM);
  return label === "" ? `${JOB_ID_PREFIX}${digest}` : `${JOB_ID_PREFIX}${label}-${digest}`;
}

/** Returns an id to suggest in place of one that is taken: neither begins with the other if fota made the first. */
export function secondJobId(jobId: string): string {
  if (!DEFAULT_ID.test(jobId)) return `${jobId.slice(0, JOB_ID_MAX_LENGTH - 2)}-2`;
  const label = [labelFrom(labelOf(jobId) ?? "", LABEL_ROOM - 2), "2"]
    .filter((part) => part !== "")
    .join("-");
  return `${JOB_ID_PREFIX}${label}-${jobId.slice(-DIGEST_CHARACTERS)}`;
}

/** Returns the text in the characters of a job id, cut to at most `room` of them. */
export function labelFrom(text: string, room = JOB_ID_MAX_LENGTH): string {
  const label = text.replace(/[^A-Za-z0-9_]+/g, "-").replace(/^-/, "");
  return label.slice(0, room).replace(/-$/, "");
}

const DEFAULT_ID = new RegExp(`^${JOB_ID_PREFIX}(?:(.+)-)?[0-9a-f]{${DIGEST_CHARACTERS}}$`);

/** Returns the label of an id that fota made: the version, or the name of the image, in the characters of an id. */
export function labelOf(jobId: string): string | undefined {
  return DEFAULT_ID.exec(jobId)?.[1];
}

/**
 * Returns the last part of an object key without its extension. An extension begins with a letter, so `app-1.4` has
 * none.
 */
function fileNameOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1).replace(/(?<=.)\.[A-Za-z][A-Za-z0-9]*$/, "");
}

/** Checks the id of a job to create. @throws {FotaError} JOB_ID_INVALID */
export function checkJobId(jobId: string): string {
  if (jobId.length > JOB_ID_MAX_LENGTH) {
    throw invalid(`the job id has ${jobId.length} characters, AWS allows ${JOB_ID_MAX_LENGTH}`);
  }
  if (!JOB_ID_PATTERN.test(jobId)) {
    throw invalid(`the job id ${JSON.stringify(jobId)} may only hold A-Z a-z 0-9 _ -`);
  }
  if (jobId === LAST_JOB)
    throw invalid(`no job can have the id "${LAST_JOB}": commands take it for the newest job`);
  if (UNUSABLE_JOB_IDS.includes(jobId)) {
    throw invalid(`the job id ${JSON.stringify(jobId)} is reserved in AWS IoT's MQTT topics`);
  }
  return jobId;
}

function invalid(message: string): FotaError {
  return new FotaError("JOB_ID_INVALID", message, {
    hint: "give another --job-id, or leave it out to derive it from the content",
  });
}
