import * as v from "valibot";
import { described } from "../described.js";
import { countsSchema } from "../status/result.js";

const imageSchema = v.strictObject({
  slot: v.number(),
  size: described(v.number(), "bytes"),
  md5: v.string(),
  sha256: v.optional(v.string()),
  url: described(v.string(), "as in the document"),
  bucket: described(v.nullable(v.string()), "null: the URL leads to no S3 that is known"),
  key: v.nullable(v.string()),
  object: described(
    v.picklist(["matches", "unverified", "differs", "missing", "unknown"]),
    "what is in S3: unverified: the size is right and S3 has no digest of the whole, unknown: it cannot be looked at",
  ),
  because: v.optional(described(v.string(), "why, for people")),
  presign: described(
    v.picklist(["cli", "iot", "none"]),
    "who presigned the URL: AWS IoT makes a fresh one each time a device asks; none: it is a plain one",
  ),
  expiresAt: described(v.nullable(v.string()), "when the URL stops working; null: at no known time"),
  expired: v.boolean(),
});
export type ShownImage = v.InferOutput<typeof imageSchema>;

const signatureSchema = v.strictObject({
  key: described(v.string(), "id of the key"),
  verified: described(v.nullable(v.boolean()), "by the key of --key; null: not checked"),
});

/** What `fota show --json` prints. Options are in the words of `fota publish`. */
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
  continuous: described(v.boolean(), "also for things that join its groups later"),
  counts: described(countsSchema, "executions: a thing that was retried counts once for each try"),
  rollout: v.strictObject({
    rate: v.optional(v.string()),
    ramp: v.optional(v.string()),
    abortOn: v.optional(v.array(v.string())),
    thingTimeout: v.optional(described(v.string(), "longest time that one thing may be in progress")),
    timeout: v.optional(described(v.string(), "the same: former name of thingTimeout")),
    retry: v.optional(v.string()),
    start: v.optional(described(v.string(), "UTC")),
    end: v.optional(described(v.string(), "UTC")),
    atEnd: v.optional(v.string()),
    window: v.optional(described(v.array(v.string()), "AWS's cron expression, and how long it is open")),
  }),
  kind: described(
    v.picklist(["order", "invalid", "other"]),
    "order: devices take the document; invalid: they refuse it; other: another kind of job",
  ),
  fault: v.optional(described(v.string(), "what is wrong with an invalid document")),
  document: described(v.unknown(), "as JSON; text where it is none"),
  images: described(v.array(imageSchema), "the one of the document's first keys comes first"),
  fwVersion: v.optional(v.string()),
  model: v.optional(v.string()),
  minVersion: v.optional(v.string()),
  endsAt: v.optional(described(v.string(), "bc_exp: devices do not begin the order after it")),
  role: v.optional(described(v.string(), "ARN of the role that AWS IoT presigns as")),
  signatures: v.array(signatureSchema),
  legacy: described(
    v.array(v.string()),
    "what devices with the original library do not survive; empty: nothing known",
  ),
});
export type ShownJob = v.InferOutput<typeof shownJobSchema>;
