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
const thingSummarySchema = v.strictObject({
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
  versionNumber: v.optional(described(v.number(), "with --thing: counts every change of the execution")),
  secondsLeft: v.optional(described(v.number(), "with --thing: until its timeout")),
  forceCanceled: v.optional(described(v.literal(true), "with --thing")),
});
export type ThingSummary = v.InferOutput<typeof thingSummarySchema>;

const abortRuleSchema = v.strictObject({
  failureType: described(v.string(), "FAILED, REJECTED, TIMED_OUT, or ALL of them"),
  thresholdPercent: described(v.number(), "of the executions that have ended"),
  minEnded: described(v.number(), "the rule holds when so many have ended"),
  failures: described(v.number(), "so far"),
  ended: described(v.number(), "so far"),
  percent: described(v.nullable(v.number()), "null while nothing has ended"),
  met: described(v.boolean(), "the job is canceled by it"),
});
export type AbortRule = v.InferOutput<typeof abortRuleSchema>;

const failureCauseSchema = v.strictObject({
  status: v.picklist(["FAILED", "TIMED_OUT", "REJECTED"]),
  reason: described(v.nullable(v.string()), "cause code, docs/device-guide.md; null: the thing gave none"),
  phase: v.optional(described(v.string(), "where the update stood; where there is no reason")),
  detail: v.optional(described(v.string(), "as the first of the things said it")),
  expected: v.optional(described(v.string(), "as the first of the things said it")),
  actual: v.optional(described(v.string(), "as the first of the things said it")),
  count: described(v.number(), "of those whose cause was read"),
  things: described(v.array(v.string()), "up to 3 of them"),
});
export type FailureCause = v.InferOutput<typeof failureCauseSchema>;

/** What `fota status <job> --json` prints. */
export const jobSummarySchema = v.strictObject({
  jobId: v.string(),
  status: described(v.string(), "SCHEDULED, IN_PROGRESS, COMPLETED, CANCELED, DELETION_IN_PROGRESS"),
  counts: described(countsSchema, "executions: a thing that was retried counts once for each try"),
  total: described(v.number(), "sum of the counts"),
  targetsToGo: v.optional(
    described(
      v.number(),
      "things and groups that the rollout has not reached to the end: the total grows yet",
    ),
  ),
  continuous: described(v.boolean(), "things that join its groups get it too"),
  description: v.optional(v.string()),
  version: v.optional(described(v.string(), "of the firmware, if `fota publish` described the job")),
  image: v.optional(described(v.string(), "name of its first image, if `fota publish` described the job")),
  targets: v.optional(described(v.array(v.string()), "ARNs of things and thing groups")),
  createdAt: v.optional(v.string()),
  startsAt: v.optional(described(v.string(), "of a job that is SCHEDULED")),
  completedAt: v.optional(v.string()),
  reasonCode: v.optional(described(v.string(), "why it was canceled")),
  comment: v.optional(described(v.string(), "why it was canceled")),
  ratePerMinute: v.optional(
    described(v.number(), "executions that end: since the job began; with --watch in the last 10 minutes"),
  ),
  expectedEnd: v.optional(described(v.string(), "if the rate stays; absent where it cannot be told")),
  abort: v.optional(described(v.array(abortRuleSchema), "where its abort rules stand")),
  causes: v.optional(described(v.array(failureCauseSchema), "of failure, the most frequent first")),
  causesRead: v.optional(
    described(v.number(), "failures whose cause was read; where there are more it is a sample"),
  ),
  detailsLeftOut: v.optional(
    described(v.number(), "executions in the list whose progress or cause was not read, as there are many"),
  ),
  executions: v.optional(
    described(v.array(thingSummarySchema), "with --things, --failed and --thing, and those of a small job"),
  ),
});
export type JobSummary = v.InferOutput<typeof jobSummarySchema>;

/** What `fota status --json` prints. */
export const overviewSchema = v.strictObject({
  jobs: described(
    v.array(jobSummarySchema),
    "that go on, newest first, then those that ended in the last 24 hours",
  ),
  more: described(v.boolean(), "more jobs go on than are shown"),
});
export type Overview = v.InferOutput<typeof overviewSchema>;
