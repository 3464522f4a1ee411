import { type JobDocument, jobDocumentSchema } from "@fota/shared";
import * as v from "valibot";
import { described } from "../described.js";
import { jobSummarySchema } from "../status/result.js";
import { shapeOf } from "./shape.js";
import { WARNING_CODES } from "./warnings.js";

// Do not import the AWS SDK or Node.js here: these declarations must compile wherever the package is installed.

const imageSchema = v.strictObject({
  slot: v.number(),
  bucket: v.string(),
  key: v.string(),
  md5: v.string(),
  sha256: v.string(),
  size: described(v.number(), "bytes"),
  url: described(v.string(), "URL in the document: presigned, or the placeholder that AWS IoT replaces"),
  expiresAt: described(
    v.nullable(v.string()),
    "when the URL expires; null if AWS IoT presigns a new one on each request",
  ),
});

const patchSchema = v.strictObject({
  slots: described(v.array(v.number()), "slots of the image that the patch makes"),
  fromSha256: described(
    v.nullable(v.string()),
    "SHA-256 of the image that a device must have; null for the compressed image",
  ),
  bucket: v.string(),
  key: v.string(),
  sha256: v.string(),
  size: described(v.number(), "bytes"),
  url: v.string(),
  expiresAt: v.nullable(v.string()),
});

const documentSchema = shapeOf(jobDocumentSchema) as v.GenericSchema<JobDocument>;

/** Describes a publish: executed, existing or planned. */
export const publishedSchema = v.strictObject({
  jobId: v.string(),
  jobArn: described(v.nullable(v.string()), "null with --dry-run if the job does not exist yet"),
  document: described(documentSchema, "explained in docs/job-document.md"),
  images: described(v.array(imageSchema), "the image of the document's top-level keys comes first"),
  patches: v.optional(described(v.array(patchSchema), "smaller downloads of the images")),
  targets: described(v.array(v.string()), "ARNs of things and thing groups"),
  packageVersions: v.optional(
    described(v.array(v.string()), "ARNs of the software package versions that AWS IoT records"),
  ),
});
export type Published = v.InferOutput<typeof publishedSchema>;

const warningSchema = v.strictObject({
  code: v.picklist(WARNING_CODES),
  message: v.string(),
});
export const warningsSchema = v.array(warningSchema);

/** Holds the most that a publish uses of what AWS charges for, and its cost where prices are known. */
const costSchema = v.strictObject({
  jobActions: described(v.number(), "one for each execution; each retry on a thing counts again"),
  transferBytes: described(v.number(), "bytes that things download, if each takes the largest image"),
  currency: described(v.nullable(v.string()), "null if fota.config.json has no prices"),
  jobActionsPrice: v.nullable(v.number()),
  transferPrice: v.nullable(v.number()),
});
export type Cost = v.InferOutput<typeof costSchema>;

export const planSummarySchema = v.strictObject({
  things: described(v.nullable(v.number()), "null if not all of them can be counted"),
  uploads: described(
    v.array(v.strictObject({ slot: v.number(), bytes: v.number() })),
    "images that S3 does not have yet; an image for several slots counts once, with its first slot",
  ),
  patches: v.optional(
    described(
      v.array(
        v.strictObject({
          slots: v.array(v.number()),
          from: described(
            v.nullable(v.string()),
            "the old image, as it was given; null for the compressed image",
          ),
          fromSha256: v.nullable(v.string()),
          things: v.optional(
            described(v.number(), "target things that have the old image, with --delta auto"),
          ),
          bytes: v.number(),
          percent: described(v.number(), "bytes in percent of the image"),
          offered: described(v.boolean(), "false if it is too large: the job document leaves it out"),
          upload: described(v.boolean(), "true if S3 does not have it yet"),
        }),
      ),
      "patches that fota made, and the compressed image",
    ),
  ),
  delta: v.optional(
    described(
      v.strictObject({
        jobsRead: v.number(),
        more: described(v.boolean(), "true if there are older jobs, or more things of these jobs"),
        known: described(v.number(), "target things whose image the jobs tell"),
        things: v.number(),
        savedBytes: described(v.number(), "bytes that these things do not download, if each uses its patch"),
      }),
      "what --delta auto looked at",
    ),
  ),
  exists: described(v.boolean(), "true if the job exists already and nothing would be done"),
  queryGroups: v.optional(
    described(
      v.array(v.strictObject({ name: v.string(), query: v.string(), exists: v.boolean() })),
      "dynamic thing groups of --to query:...; those that do not exist are created",
    ),
  ),
  request: described(v.record(v.string(), v.unknown()), "parameters of CreateJob, without the document"),
  lastStartSeconds: described(
    v.nullable(v.number()),
    "seconds from now until the last device could start; null if that is unknown",
  ),
  cost: costSchema,
  warnings: warningsSchema,
});
export type PlanSummary = v.InferOutput<typeof planSummarySchema>;

/** Describes the output of `fota publish --json`. */
export const publishOutputSchema = v.strictObject({
  ...publishedSchema.entries,
  plan: v.optional(described(planSummarySchema, "with --dry-run")),
  warnings: v.optional(described(warningsSchema, "without --dry-run, if there are any")),
  status: v.optional(described(jobSummarySchema, "with --wait: what `fota status --json` prints")),
});

export type PublishStep = "package" | "upload" | "check" | "group" | "create";
