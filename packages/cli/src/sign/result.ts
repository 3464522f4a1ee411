import * as v from "valibot";
import { described } from "../described.js";

/** Describes the output of `fota sign --out <file> --json`. */
export const signOutputSchema = v.strictObject({
  file: described(v.string(), "the file that was written"),
  kind: described(v.picklist(["document", "keys"]), "what was signed: a job document or a key set"),
  statement: described(v.string(), "the text that the signatures sign"),
  signers: described(v.array(v.string()), "ids of all keys that signed it"),
  added: described(v.array(v.string()), "ids of those that signed now"),
  dropped: described(v.array(v.string()), "ids of former signatures, which did not sign the new facts"),
});
export type SignOutput = v.InferOutput<typeof signOutputSchema>;
