import * as v from "valibot";
import { described } from "../described.js";

/** Describes the output of `fota keygen --json`. */
export const generatedKeySchema = v.strictObject({
  id: described(v.string(), "id of the key in signatures and in `trust`"),
  file: described(v.string(), "the private key, as it was given"),
  publicFile: v.string(),
  encrypted: v.boolean(),
  pem: described(v.string(), "public key, PEM"),
  publicKey: described(v.string(), "public key, 32 bytes in base64"),
  c: described(v.string(), "public key as an array in C"),
  trust: described(v.record(v.string(), v.string()), "`keys` of a device's `trust`"),
});
export type GeneratedKey = v.InferOutput<typeof generatedKeySchema>;
