import { JOB_EXECUTION_STATUSES } from "@fota/shared";
import * as v from "valibot";
import { described } from "../described.js";
import { countsSchema } from "../status/result.js";

const listedJobSchema = v.strictObject({
  jobId: v.string(),
  jobArn: v.string(),
  status: described(v.string(), "SCHEDULED, IN_PROGRESS, COMPLETED, CANCELED, DELETION_IN_PROGRESS"),
  continuous: described(v.boolean(), "things that join its groups get it too"),
  description: v.optional(described(v.string(), "with --counts")),
  version: v.optional(
    described(v.string(), "with --counts: of the firmware, if `fota publish` described the job"),
  ),
  image: v.optional(
    described(v.string(), "with --counts: name of its first image, if `fota publish` described the job"),
  ),
  targets: v.optional(described(v.array(v.string()), "with --counts: ARNs of things and thing groups")),
  targetsToGo: v.optional(
    described(v.number(), "with --counts: targets that the rollout has not reached to the end"),
  ),
  createdAt: v.optional(v.string()),
  lastUpdatedAt: v.optional(v.string()),
  completedAt: v.optional(v.string()),
  execution: v.optional(
    described(v.picklist(JOB_EXECUTION_STATUSES), "with --target <thing>: how the job stands there"),
  ),
  counts: v.optional(described(countsSchema, "with --counts: executions")),
  total: v.optional(described(v.number(), "with --counts: sum of the counts")),
});
export type ListedJobResult = v.InferOutput<typeof listedJobSchema>;

/** What `fota list --json` prints. */
export const jobListSchema = v.strictObject({
  jobs: described(v.array(listedJobSchema), "newest first"),
  more: described(v.boolean(), "there are older ones"),
});
export type JobList = v.InferOutput<typeof jobListSchema>;
