import * as v from "valibot";
import { described } from "../described.js";
import { FRAME_KINDS } from "../patches/inspect-delta.js";

const imageIdSchema = v.strictObject({
  sizeBytes: v.number(),
  sha256: described(v.string(), "lower-case hex"),
});

/** Describes the output of `fota delta make --json`. */
export const madeDeltaSchema = v.strictObject({
  file: described(v.string(), "the patch, as it was given"),
  bytes: described(v.number(), "size of the patch"),
  sha256: described(v.string(), "of the patch, lower-case hex"),
  percent: described(v.number(), "size of the patch in percent of the image"),
  frameBytes: v.number(),
  image: imageIdSchema,
  from: v.optional(described(imageIdSchema, "missing for a compressed whole image")),
});
export type MadeDeltaFile = v.InferOutput<typeof madeDeltaSchema>;

/** Describes the output of `fota delta apply --json`. */
export const appliedDeltaSchema = v.strictObject({
  file: described(v.string(), "the image, as it was given"),
  image: imageIdSchema,
});
export type AppliedDelta = v.InferOutput<typeof appliedDeltaSchema>;

/** Describes the output of `fota delta info --json`. */
export const deltaInfoSchema = v.strictObject({
  ...madeDeltaSchema.entries,
  frames: described(
    v.array(
      v.strictObject({
        kind: v.picklist(FRAME_KINDS),
        count: v.number(),
        bytes: described(v.number(), "in the patch, with their headers"),
      }),
    ),
    "the kinds that the patch has",
  ),
});
export type DeltaInfo = v.InferOutput<typeof deltaInfoSchema>;
