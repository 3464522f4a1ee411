import type { JobDocument } from "@fota/shared";
import * as v from "valibot";
import { described } from "../described.js";
import { given } from "../given.js";

// Do not import the AWS SDK or Node.js here: these declarations must compile wherever the package is installed.

/** Describes the facts of a job document that devices with trusted keys check. */
export const signedFactsSchema = v.strictObject({
  seq: v.optional(described(v.number(), "devices with trusted keys accept none below the last one")),
  things: v.optional(described(v.array(v.string()), "names of the things that it is for; others refuse it")),
  allowsDowngrade: described(v.boolean(), "true if it may install a version below the running one"),
  signedAt: v.optional(described(v.string(), "time of the signature, as its signer gave it")),
  validUntil: v.optional(described(v.string(), "devices that know the time do not start the update later")),
});
export type SignedFacts = v.InferOutput<typeof signedFactsSchema>;

export function signedFactsOf({ bc_seq, bc_for, bc_down, bc_at, bc_exp }: JobDocument): SignedFacts {
  return {
    ...given({
      seq: bc_seq,
      things: bc_for,
      signedAt: bc_at === undefined ? undefined : isoOfSeconds(bc_at),
      validUntil: bc_exp === undefined ? undefined : isoOfSeconds(bc_exp),
    }),
    allowsDowngrade: bc_down ?? false,
  };
}

/** Formats seconds since 1970; JavaScript's dates end in the year 275760, later than any device's clock. */
export function isoOfSeconds(seconds: number): string {
  return new Date(Math.min(seconds * 1000, 8.64e15)).toISOString();
}
