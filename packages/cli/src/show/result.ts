import * as v from "valibot";
import { described } from "../described.js";
import { signedFactsSchema } from "../signing/signed-facts.js";
import { countsSchema } from "../status/result.js";

const patchSchema = v.strictObject({
  fromSha256: described(
    v.nullable(v.string()),
    "SHA-256 of the image that a device must have; null for the compressed image",
  ),
  bytes: v.number(),
  percent: described(v.number(), "bytes in percent of the image"),
  sha256: v.string(),
  url: described(v.string(), "URL in the document"),
  bucket: described(v.nullable(v.string()), "null if the URL does not lead to a known S3"),
  key: v.nullable(v.string()),
  object: described(
    v.picklist(["matches", "unverified", "differs", "missing", "unknown"]),
    "state of the patch in S3; if devices cannot use it, they download the image",
  ),
  because: v.optional(described(v.string(), "reason, for people")),
  expiresAt: described(v.nullable(v.string()), "when the URL expires; null if that is unknown"),
  expired: v.boolean(),
});
export type ShownPatch = v.InferOutput<typeof patchSchema>;

const imageSchema = v.strictObject({
  slot: v.number(),
  size: described(v.number(), "bytes"),
  md5: v.string(),
  sha256: v.optional(v.string()),
  url: described(v.string(), "URL in the document"),
  bucket: described(v.nullable(v.string()), "null if the URL does not lead to a known S3"),
  key: v.nullable(v.string()),
  object: described(
    v.picklist(["matches", "unverified", "differs", "missing", "unknown"]),
    "state of the image in S3; unverified: the size is right, but S3 has no digest of it; unknown: it cannot be read",
  ),
  because: v.optional(described(v.string(), "reason, for people")),
  presign: described(
    v.picklist(["cli", "iot", "none"]),
    "who presigns the URL: cli (fota, once) or iot (AWS IoT, on each request); none if it is not presigned",
  ),
  expiresAt: described(v.nullable(v.string()), "when the URL expires; null if that is unknown"),
  expired: v.boolean(),
  patches: v.optional(described(v.array(patchSchema), "smaller downloads of the image")),
});
export type ShownImage = v.InferOutput<typeof imageSchema>;

const signatureSchema = v.strictObject({
  key: described(v.string(), "id of the key"),
  verified: described(
    v.nullable(v.boolean()),
    "true if the key of --key verifies it; null if it was not checked",
  ),
});

/** Describes the output of `fota show --json`. Option texts are those of `fota publish`. */
export const shownJobSchema = v.strictObject({
  jobId: v.string(),
  jobArn: v.string(),
  status: v.string(),
  description: v.optional(v.string()),
  createdAt: v.optional(v.string()),
  lastUpdatedAt: v.optional(v.string()),
  completedAt: v.optional(v.string()),
  reasonCode: v.optional(described(v.string(), "why it was canceled")),
  comment: v.optional(v.string()),
  forceCanceled: v.boolean(),
  targets: described(v.array(v.string()), "ARNs of things and thing groups"),
  stage: v.optional(
    described(
      v.strictObject({ rollout: v.string(), stage: v.string(), number: v.number(), stages: v.number() }),
      "stage of `fota rollout` that the job is",
    ),
  ),
  queries: v.optional(
    described(v.record(v.string(), v.string()), "queries of the groups that `--to query:` made, by ARN"),
  ),
  continuous: described(v.boolean(), "true if things that join its groups later get it too"),
  counts: described(countsSchema, "number of executions by status; each retry on a thing counts again"),
  rollout: v.strictObject({
    rate: v.optional(v.string()),
    ramp: v.optional(v.string()),
    abortOn: v.optional(v.array(v.string())),
    thingTimeout: v.optional(described(v.string(), "longest time that one thing may be in progress")),
    timeout: v.optional(described(v.string(), "former name of thingTimeout")),
    retry: v.optional(v.string()),
    start: v.optional(described(v.string(), "UTC")),
    end: v.optional(described(v.string(), "UTC")),
    atEnd: v.optional(v.string()),
    window: v.optional(described(v.array(v.string()), "AWS's cron expression and the duration")),
  }),
  kind: described(
    v.picklist(["order", "invalid", "other"]),
    "order: a job document that devices accept; invalid: one that they refuse; other: another kind of job",
  ),
  fault: v.optional(described(v.string(), "what is wrong with an invalid document")),
  document: described(v.unknown(), "JSON value, or a string if it is not JSON"),
  images: described(v.array(imageSchema), "the image of the document's top-level keys comes first"),
  fwVersion: v.optional(v.string()),
  model: v.optional(v.string()),
  minVersion: v.optional(v.string()),
  endsAt: v.optional(described(v.string(), "bc_exp: devices do not start the update after this time")),
  packageVersions: v.optional(
    described(v.array(v.string()), "ARNs of the software package versions that AWS IoT records"),
  ),
  role: v.optional(described(v.string(), "ARN of the IAM role that AWS IoT presigns with")),
  signatures: v.array(signatureSchema),
  signed: v.optional(
    described(signedFactsSchema, "what devices with trusted keys check, of a valid document"),
  ),
  keySets: v.optional(described(v.array(v.number()), "versions of the key sets that the document carries")),
  legacy: described(
    v.array(v.string()),
    "what devices with the original library would fail on; empty if nothing is known",
  ),
});
export type ShownJob = v.InferOutput<typeof shownJobSchema>;
