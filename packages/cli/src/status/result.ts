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

/** Describes one execution with the thing's report; other firmware may report other words. */
const thingSummarySchema = v.strictObject({
  thing: v.string(),
  status: v.picklist(JOB_EXECUTION_STATUSES),
  executionNumber: described(v.number(), "number of the attempt of the job on this thing"),
  queuedAt: v.optional(v.string()),
  startedAt: v.optional(v.string()),
  lastUpdatedAt: v.optional(v.string()),
  phase: v.optional(described(v.string(), "phase of the update, as the device reported it")),
  percent: v.optional(described(v.number(), "progress of the download")),
  reason: v.optional(described(v.string(), "cause code, explained in docs/troubleshooting.md")),
  detail: v.optional(described(v.string(), "the cause in words")),
  bytes: v.optional(described(v.number(), "bytes downloaded")),
  totalBytes: v.optional(described(v.number(), "size of the image in the job document")),
  expected: v.optional(described(v.string(), "digest in the job document")),
  actual: v.optional(described(v.string(), "digest that the device found")),
  running: v.optional(described(v.string(), "version or slot that the device runs")),
  via: v.optional(
    described(v.string(), "patch, compressed or whole; after a patch that did not work, whole:<cause>"),
  ),
  fetchedBytes: v.optional(
    described(v.number(), "bytes of the image and of patches that the device fetched"),
  ),
  versionNumber: v.optional(
    described(v.number(), "with --thing: version of the execution; every change increments it"),
  ),
  secondsLeft: v.optional(described(v.number(), "with --thing: seconds until it times out")),
  forceCanceled: v.optional(described(v.literal(true), "with --thing")),
});
export type ThingSummary = v.InferOutput<typeof thingSummarySchema>;

const abortRuleSchema = v.strictObject({
  failureType: described(v.string(), "FAILED, REJECTED, TIMED_OUT, or ALL of them"),
  thresholdPercent: described(v.number(), "percentage of the executions that have ended"),
  minEnded: described(v.number(), "number of ended executions from which the rule applies"),
  failures: described(v.number(), "failures so far"),
  ended: described(v.number(), "ended executions so far"),
  percent: described(v.nullable(v.number()), "null until an execution has ended"),
  met: described(v.boolean(), "true if the rule cancels the job"),
});
export type AbortRule = v.InferOutput<typeof abortRuleSchema>;

const failureCauseSchema = v.strictObject({
  status: v.picklist(["FAILED", "TIMED_OUT", "REJECTED"]),
  reason: described(
    v.nullable(v.string()),
    "cause code, explained in docs/troubleshooting.md; null if the device reported none",
  ),
  phase: v.optional(described(v.string(), "phase of the update, if there is no reason")),
  detail: v.optional(described(v.string(), "as the first of these things reported it")),
  expected: v.optional(
    described(v.string(), "digest in the job document, as the first of these things reported it"),
  ),
  actual: v.optional(described(v.string(), "digest that the first of these things found")),
  count: described(v.number(), "number of failures with this cause, of those that were read"),
  things: described(v.array(v.string()), "names of up to 3 of these things"),
});
export type FailureCause = v.InferOutput<typeof failureCauseSchema>;

/** Describes the output of `fota status <job> --json`. */
export const jobSummarySchema = v.strictObject({
  jobId: v.string(),
  status: described(v.string(), "SCHEDULED, IN_PROGRESS, COMPLETED, CANCELED, DELETION_IN_PROGRESS"),
  counts: described(countsSchema, "number of executions by status; each retry on a thing counts again"),
  total: described(v.number(), "sum of the counts"),
  targetsToGo: v.optional(
    described(v.number(), "things and groups that the rollout has not fully reached; the total still grows"),
  ),
  unreached: v.optional(
    described(
      v.strictObject({
        things: described(
          v.nullable(v.number()),
          "things that are in its targets now and have no execution of it; null if that is unknown",
        ),
        ofThings: described(v.nullable(v.number()), "things that are in its targets now"),
        isExact: described(v.boolean(), "false if `things` is a lower limit"),
        unknown: v.optional(described(v.string(), "why the number is unknown, for people")),
      }),
      "of a canceled job: the things that it had not reached, which are in no count",
    ),
  ),
  continuous: described(v.boolean(), "true if things that join its groups later get it too"),
  description: v.optional(v.string()),
  version: v.optional(
    described(v.string(), "version of the firmware, if `fota publish` wrote the description"),
  ),
  image: v.optional(
    described(v.string(), "name of its first image, if `fota publish` wrote the description"),
  ),
  targets: v.optional(described(v.array(v.string()), "ARNs of things and thing groups")),
  queries: v.optional(
    described(v.record(v.string(), v.string()), "queries of the groups that `--to query:` made, by ARN"),
  ),
  createdAt: v.optional(v.string()),
  startsAt: v.optional(described(v.string(), "start time of a job that is SCHEDULED")),
  completedAt: v.optional(v.string()),
  reasonCode: v.optional(described(v.string(), "why it was canceled")),
  comment: v.optional(described(v.string(), "why it was canceled")),
  ratePerMinute: v.optional(
    described(
      v.number(),
      "executions that end per minute: since the job began, with --watch in the last 10 minutes",
    ),
  ),
  expectedEnd: v.optional(
    described(v.string(), "estimate at the current rate; absent if there is too little data"),
  ),
  abort: v.optional(described(v.array(abortRuleSchema), "state of its abort rules")),
  causes: v.optional(described(v.array(failureCauseSchema), "causes of failure, the most frequent first")),
  signed: v.optional(
    described(v.string(), "who signed the job document and what for, if devices refused it for that"),
  ),
  saved: v.optional(
    described(
      v.strictObject({
        bytes: described(
          v.number(),
          "bytes that were not downloaded; negative if patches are larger than the images",
        ),
        imageBytes: described(v.number(), "size of the images of these things"),
        things: described(v.number(), "things that succeeded and used a patch or the compressed image"),
        read: v.optional(
          described(
            v.number(),
            "of a larger job: things that succeeded and whose reports were read, up to 20",
          ),
        ),
      }),
      "what patches saved, by the reports of things",
    ),
  ),
  causesRead: v.optional(
    described(v.number(), "number of failures whose cause was read; a sample if there are more"),
  ),
  detailsLeftOut: v.optional(
    described(
      v.number(),
      "number of listed executions whose progress or cause was not read, because there are many",
    ),
  ),
  executions: v.optional(
    described(v.array(thingSummarySchema), "with --things, --failed or --thing, and for a small job"),
  ),
});
export type JobSummary = v.InferOutput<typeof jobSummarySchema>;

/** Describes the output of `fota status --json`. */
export const overviewSchema = v.strictObject({
  jobs: described(
    v.array(jobSummarySchema),
    "jobs in progress, newest first, then jobs that ended in the last 24 hours",
  ),
  more: described(v.boolean(), "true if more jobs are in progress than are shown"),
});
export type Overview = v.InferOutput<typeof overviewSchema>;
