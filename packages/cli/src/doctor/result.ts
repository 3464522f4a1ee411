import * as v from "valibot";
import { described } from "../described.js";

const findingSchema = v.strictObject({
  check: described(v.string(), "what was looked at; targets are `target <name>`"),
  status: v.picklist(["ok", "warn", "fail", "skipped"]),
  message: v.string(),
  hint: v.optional(described(v.string(), "what to do about it")),
});

/** What `fota doctor --json` prints. */
export const diagnosisSchema = v.strictObject({
  ok: described(v.boolean(), "nothing failed"),
  checks: v.array(findingSchema),
  fixed: described(v.array(v.string()), "checks whose fault --fix took away"),
});
export type Diagnosis = v.InferOutput<typeof diagnosisSchema>;
