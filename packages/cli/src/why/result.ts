import * as v from "valibot";
import { described } from "../described.js";

/** Lists why a job, or a thing of it, has its state. The codes are part of the interface: never rename one. */
export const WHY_CAUSES = [
  "not-fota-job",
  "document-invalid",
  "job-scheduled",
  "outside-window",
  "schedule-ended",
  "rollout-pending",
  "group-empty",
  "thing-missing",
  "joined-after-snapshot",
  "not-a-target",
  "queued-behind",
  "no-certificate",
  "certificate-inactive",
  "no-policy",
  "policy-lacks-jobs",
  "thing-offline",
  "role-unusable",
  "image-gone",
  "image-replaced",
  "url-expired",
  "url-ends-soon",
  "waiting",
  "in-progress",
  "silent",
  "retried",
  "failed",
  "rejected",
  "timed-out",
  "removed",
  "canceled",
  "job-canceled",
  "job-aborted",
  "job-deleted",
  "things-failed",
  "things-waiting",
  "succeeded",
  "patch-unused",
] as const;
export type WhyCause = (typeof WHY_CAUSES)[number];

const cause = described(v.picklist(WHY_CAUSES), "explained in docs/operations.md");

/** Describes the output of `fota why <job> --json`. */
export const explanationSchema = v.strictObject({
  jobId: v.string(),
  thing: described(v.nullable(v.string()), "null if it explains the whole job"),
  cause,
  reason: described(
    v.nullable(v.string()),
    "cause code that the device reported, explained in docs/troubleshooting.md",
  ),
  explanation: described(v.string(), "the cause in a sentence"),
  evidence: described(
    v.array(v.strictObject({ name: v.string(), value: v.string() })),
    "facts that show the cause, for people",
  ),
  also: described(
    v.array(v.strictObject({ cause, explanation: v.string() })),
    "other obstacles, now or later",
  ),
  unknown: described(v.array(v.string()), "what could not be read"),
  next: v.array(
    v.strictObject({
      command: described(
        v.nullable(v.string()),
        "command to run next, with values to fill in at <>; null if no command helps",
      ),
      why: v.string(),
    }),
  ),
});
export type Explanation = v.InferOutput<typeof explanationSchema>;
