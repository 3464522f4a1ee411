import { JOB_EXECUTION_STATUSES } from "@fota/shared";
import * as v from "valibot";
import { described } from "../described.js";

export const countsSchema = v.strictObject({
  queued: v.number(),
  inProgress: v.number(),
  succeeded: v.number(),
  failed: v.number(),
  timedOut: v.number(),
  rejected: v.number(),
  removed: v.number(),
  canceled: v.number(),
});

/** One execution, with what the thing said of it: other firmware may say other words. */
export const thingSummarySchema = v.strictObject({
  thing: v.string(),
  status: v.picklist(JOB_EXECUTION_STATUSES),
  executionNumber: described(v.number(), "tells apart the tries of a job on one thing"),
  queuedAt: v.optional(v.string()),
  startedAt: v.optional(v.string()),
  lastUpdatedAt: v.optional(v.string()),
  phase: v.optional(described(v.string(), "where the update stands, as the thing said it")),
  percent: v.optional(described(v.number(), "of the download")),
  reason: v.optional(described(v.string(), "cause code: docs/device-guide.md")),
  detail: v.optional(described(v.string(), "the same for people")),
  bytes: v.optional(described(v.number(), "downloaded")),
  totalBytes: v.optional(described(v.number(), "ordered")),
  expected: v.optional(described(v.string(), "digest that was ordered")),
  actual: v.optional(described(v.string(), "digest that was found")),
  running: v.optional(described(v.string(), "version or slot that runs")),
});
export type ThingSummary = v.InferOutput<typeof thingSummarySchema>;

/** What `fota status <job> --json` prints. */
export const jobSummarySchema = v.strictObject({
  jobId: v.string(),
  status: described(v.string(), "SCHEDULED, IN_PROGRESS, COMPLETED, CANCELED, DELETION_IN_PROGRESS"),
  counts: described(countsSchema, "executions: a thing that was retried counts once for each try"),
  total: described(v.number(), "sum of the counts"),
  executions: v.optional(
    described(v.array(thingSummarySchema), "with --things, --failed and --thing, and those of a small job"),
  ),
});
export type JobSummary = v.InferOutput<typeof jobSummarySchema>;
