import { JOB_EXECUTION_STATUSES } from "@fota/shared";
import * as v from "valibot";
import { described } from "../described.js";
import { countsSchema } from "../status/result.js";

const listedJobSchema = v.strictObject({
  jobId: v.string(),
  jobArn: v.string(),
  status: described(v.string(), "SCHEDULED, IN_PROGRESS, COMPLETED, CANCELED, DELETION_IN_PROGRESS"),
  continuous: described(v.boolean(), "true if things that join its groups later get it too"),
  description: v.optional(described(v.string(), "with --counts")),
  version: v.optional(
    described(v.string(), "with --counts: version of the firmware, if `fota publish` wrote the description"),
  ),
  image: v.optional(
    described(v.string(), "with --counts: name of its first image, if `fota publish` wrote the description"),
  ),
  targets: v.optional(described(v.array(v.string()), "with --counts: ARNs of things and thing groups")),
  queries: v.optional(
    described(
      v.record(v.string(), v.string()),
      "with --counts: queries of the groups that `--to query:` made, by ARN",
    ),
  ),
  targetsToGo: v.optional(
    described(v.number(), "with --counts: targets that the rollout has not fully reached"),
  ),
  createdAt: v.optional(v.string()),
  lastUpdatedAt: v.optional(v.string()),
  completedAt: v.optional(v.string()),
  execution: v.optional(
    described(v.picklist(JOB_EXECUTION_STATUSES), "with --target <thing>: status of the job on that thing"),
  ),
  counts: v.optional(described(countsSchema, "with --counts: number of executions by status")),
  total: v.optional(described(v.number(), "with --counts: sum of the counts")),
});
export type ListedJobResult = v.InferOutput<typeof listedJobSchema>;

/** Describes the output of `fota list --json`. */
export const jobListSchema = v.strictObject({
  jobs: described(v.array(listedJobSchema), "newest first"),
  more: described(v.boolean(), "true if there are older jobs"),
});
export type JobList = v.InferOutput<typeof jobListSchema>;
