import * as v from "valibot";
import { described } from "../described.js";

const imageFateSchema = v.strictObject({
  slot: v.number(),
  patch: v.optional(described(v.literal(true), "true for a patch that makes the image of the slot")),
  bucket: described(v.nullable(v.string()), "null if the URL does not lead to a known S3"),
  key: v.nullable(v.string()),
  removed: v.boolean(),
  because: v.optional(described(v.string(), "why it was kept, for people")),
  olderVersions: described(
    v.boolean(),
    "true if the bucket has versioning: the image stays behind a delete marker",
  ),
});

const queryGroupSchema = v.strictObject({
  name: v.string(),
  query: v.string(),
  isTarget: described(
    v.nullable(v.boolean()),
    "true if another job has it as a target; null if that could not be read",
  ),
  removal: v.optional(described(v.string(), "command that deletes it, if no other job has it as a target")),
});

/** Describes the output of `fota delete --json`. */
export const deletionSchema = v.strictObject({
  jobId: v.string(),
  gone: described(v.boolean(), "false if AWS IoT is still deleting it (DELETION_IN_PROGRESS)"),
  images: v.array(imageFateSchema),
  queryGroups: v.optional(
    described(v.array(queryGroupSchema), "dynamic groups that fota made for `--to query:`; they stay"),
  ),
});
export type Deletion = v.InferOutput<typeof deletionSchema>;
