import { createHash } from "node:crypto";
import { FotaError, JOB_ID_MAX_LENGTH, JOB_ID_PATTERN, UNUSABLE_JOB_IDS } from "@fota/shared";
import type { JobSpec } from "./job-spec.js";

/** What makes two publishes the same one: all that a device or the rollout comes to notice. */
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
  /** In the order of the document: the first is the one of the legacy keys. */
  images: readonly { slot: number; key: string; sha256: string }[];
}

const DIGEST_CHARACTERS = 20;

/**
 * The job id of a publish, from its content: the same publish again is the same job. All ids have one width, so that
 * none is a prefix of another, which the original library cannot tell apart (B-21).
 */
export function jobIdOf({ spec, bucket, targetArns, images }: JobContent): string {
  const { continuous, makeGroup, presign, fwVersion, model, minVersion, rollout, scheduleTexts } = spec;
  const { start, end, atEnd, window } = scheduleTexts;
  const how = [continuous, makeGroup, presign.by, rollout, start, end, atEnd, window];
  const what = images.map(({ slot, key, sha256 }) => [slot, key, sha256]);
  const text = JSON.stringify([[...targetArns].sort(), bucket, what, fwVersion, model, minVersion, how]);
  return jobIdFrom(text);
}

/** The job id that belongs to a text. */
export function jobIdFrom(text: string): string {
  return `fota-${createHash("sha256").update(text).digest("hex").slice(0, DIGEST_CHARACTERS)}`;
}

/** @throws {FotaError} JOB_ID_INVALID */
export function checkJobId(jobId: string): string {
  if (jobId.length > JOB_ID_MAX_LENGTH) {
    throw invalid(`the job id has ${jobId.length} characters, AWS takes ${JOB_ID_MAX_LENGTH}`);
  }
  if (!JOB_ID_PATTERN.test(jobId)) {
    throw invalid(`the job id ${JSON.stringify(jobId)} may only hold A-Z a-z 0-9 _ -`);
  }
  if (UNUSABLE_JOB_IDS.includes(jobId)) {
    throw invalid(
      `no device can ask for a job with the id ${JSON.stringify(jobId)}: its topic has another meaning`,
    );
  }
  return jobId;
}

function invalid(message: string): FotaError {
  return new FotaError("JOB_ID_INVALID", message, {
    hint: "give another --job-id, or leave it out: then it is made from the content",
  });
}
