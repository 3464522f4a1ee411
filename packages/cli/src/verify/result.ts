import * as v from "valibot";
import { described } from "../described.js";
import { signedFactsSchema } from "../signing/signed-facts.js";

const imageSchema = v.strictObject({
  name: v.string(),
  slots: described(v.array(v.number()), "slots whose image the file is"),
  differences: described(v.array(v.string()), "empty if the file is an image of the document"),
});

/** Describes the output of `fota verify --json`. */
export const verificationSchema = v.strictObject({
  valid: described(v.boolean(), "true if enough keys signed it, it has not expired, and the images match"),
  source: described(v.string(), "file or job that was verified"),
  kind: described(v.picklist(["document", "keys"]), "a job document or a key set"),
  faults: described(v.array(v.string()), "why it is not valid"),
  signers: described(v.array(v.string()), "ids of the keys whose signature is right, each key once"),
  threshold: described(v.number(), "how many of the keys must sign"),
  keySet: v.optional(
    described(v.number(), "version of the key set in the job document that replaced the given keys"),
  ),
  signatures: v.array(
    v.strictObject({
      key: v.string(),
      state: described(v.picklist(["right", "wrong", "unknown"]), "unknown: no trusted key has this id"),
    }),
  ),
  facts: v.optional(described(signedFactsSchema, "of a job document")),
  deviceChecks: described(v.array(v.string()), "what a device checks beyond the signatures"),
  images: described(v.array(imageSchema), "files of --image"),
});
export type Verification = v.InferOutput<typeof verificationSchema>;
