import * as v from "valibot";
import { described } from "../described.js";

const findingSchema = v.strictObject({
  check: described(v.string(), "name of the check; for a target it is `target <name>`"),
  status: v.picklist(["ok", "warn", "fail", "skipped"]),
  message: v.string(),
  hint: v.optional(described(v.string(), "how to fix it")),
});

/** Describes the output of `fota doctor --json`. */
export const diagnosisSchema = v.strictObject({
  ok: described(v.boolean(), "no check failed"),
  checks: v.array(findingSchema),
  fixed: described(v.array(v.string()), "checks that --fix repaired"),
});
export type Diagnosis = v.InferOutput<typeof diagnosisSchema>;
