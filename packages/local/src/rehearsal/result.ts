import type { JobExecutionStatus } from "@fota/shared";
import type { TimelinePoint } from "./timeline.js";

/** What one run of a rehearsal found. */
export interface RehearsalRun {
  seed: number;
  /**
   * `aborted` by an abort rule, `canceled` at the end of the schedule, `unfinished` if executions were still pending at
   * the horizon or after the last event; else `completed`.
   */
  result: "completed" | "aborted" | "canceled" | "unfinished";
  /** Time from the creation of the job to the end of its last execution; absent if some never ended. */
  endedAfterMs?: number;
  /** Present if an abort rule fired. */
  abort?: RehearsalAbort;
  /** Number of devices on which the new image ran at least once, with any outcome. */
  devicesThatRanImage: number;
  /** Sum over all devices; failed downloads count with the part that was fetched. */
  downloadedBytes: number;
  /** Number of attempts that failed because the URL of the image had expired. */
  expiredUrls: number;
  /** Number of devices that got the job and do not come online to see it. */
  devicesNeverOnline: number;
  /** Longest time from IN_PROGRESS to a report. */
  longestAttemptMs: number;
  /** Number of executions in each status at the end; a retry is an execution of its own. */
  counts: Record<JobExecutionStatus, number>;
  /** At most 120 points, the first at the creation of the job and the last at the last change. */
  timeline: TimelinePoint[];
}

export interface RehearsalAbort {
  /** Time from the creation of the job. */
  afterMs: number;
  /** The rule, as the comment of the canceled job describes it. */
  comment: string;
  /** Number of devices on which the new image had run by then. */
  devicesThatRanImage: number;
  /** Number of executions in progress. The abort does not cancel them, so these devices continue. */
  inProgress: number;
}
