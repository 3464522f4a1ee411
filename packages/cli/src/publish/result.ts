import { jobDocumentSchema } from "@fota/shared";
import * as v from "valibot";
import { described } from "../described.js";
import { jobSummarySchema } from "../status/result.js";

// Nothing here may come from the AWS SDK or Node.js: the declarations compile wherever the package is installed.

const imageSchema = v.strictObject({
  slot: v.number(),
  bucket: v.string(),
  key: v.string(),
  md5: v.string(),
  sha256: v.string(),
  size: described(v.number(), "bytes"),
  url: described(v.string(), "as in the document: presigned, or the placeholder that AWS IoT replaces"),
  expiresAt: described(
    v.nullable(v.string()),
    "when the URL stops working; null where AWS IoT makes a new one each time a device asks",
  ),
});

/** What a publish is, was or would be. */
export const publishedSchema = v.strictObject({
  jobId: v.string(),
  jobArn: described(v.nullable(v.string()), "null with --dry-run where there is no such job yet"),
  document: described(jobDocumentSchema, "docs/job-document.md"),
  images: described(v.array(imageSchema), "the one of the document's first keys comes first"),
  targets: described(v.array(v.string()), "ARNs of things and thing groups"),
});
export type Published = v.InferOutput<typeof publishedSchema>;

/** What a publish uses at most of what AWS charges for, and what that costs where prices are known. */
const costSchema = v.strictObject({
  jobActions: described(v.number(), "one for each execution: a thing that is retried counts again"),
  transferBytes: described(v.number(), "downloads, each of the largest image"),
  currency: described(v.nullable(v.string()), "null: fota.config.json has no prices"),
  jobActionsPrice: v.nullable(v.number()),
  transferPrice: v.nullable(v.number()),
});
export type Cost = v.InferOutput<typeof costSchema>;

export const planSummarySchema = v.strictObject({
  things: described(v.nullable(v.number()), "null: not all of them can be counted"),
  uploads: described(
    v.array(v.strictObject({ slot: v.number(), bytes: v.number() })),
    "what S3 does not have yet; an image for several slots once, with the first of them",
  ),
  exists: described(v.boolean(), "the job exists already: nothing would be done"),
  request: described(v.record(v.string(), v.unknown()), "what CreateJob would get, but for the document"),
  lastStartSeconds: described(
    v.nullable(v.number()),
    "when the last device could start, from now; null: there is no such time",
  ),
  cost: costSchema,
  warnings: v.array(v.string()),
});
export type PlanSummary = v.InferOutput<typeof planSummarySchema>;

/** What `fota publish --json` prints. */
export const publishOutputSchema = v.strictObject({
  ...publishedSchema.entries,
  plan: v.optional(described(planSummarySchema, "with --dry-run")),
  status: v.optional(described(jobSummarySchema, "with --wait: what `fota status --json` prints")),
});

export type PublishStep = "upload" | "check" | "group" | "create";
