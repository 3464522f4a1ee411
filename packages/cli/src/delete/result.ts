import * as v from "valibot";
import { described } from "../described.js";

const imageFateSchema = v.strictObject({
  slot: v.number(),
  bucket: described(v.nullable(v.string()), "null: the URL leads to no S3 that is known"),
  key: v.nullable(v.string()),
  removed: v.boolean(),
  because: v.optional(described(v.string(), "why it was kept, for people")),
  olderVersions: described(v.boolean(), "the bucket keeps versions: the image is behind a delete marker"),
});

/** What `fota delete --json` prints. */
export const deletionSchema = v.strictObject({
  jobId: v.string(),
  gone: described(v.boolean(), "false: AWS IoT is still deleting it, DELETION_IN_PROGRESS"),
  images: v.array(imageFateSchema),
});
export type Deletion = v.InferOutput<typeof deletionSchema>;
