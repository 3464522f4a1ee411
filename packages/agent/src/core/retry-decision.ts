import type { Cause } from "@fota/shared";
import type { DownloadTuning } from "./download-tuning.js";

/** How an attempt ended that did not end the download by itself. The kinds are those of `ImageAnswer`. */
export type AttemptFailure = "gone" | "hopeless" | "changed" | "url-refused" | "try-again";

/** Failed attempts since the last progress; `changes` since the start of the download. */
export interface RetryCounts {
  failures: number;
  freshUrls: number;
  changes: number;
}

export type RetryDecision =
  | { action: "fail"; reason: Cause }
  /** Fetch from the first byte: the server has another object now. At once. */
  | { action: "restart" }
  /** Wait as after `failures` failures, ask for a fresh URL, and resume with it. */
  | { action: "refreshUrl"; failures: number }
  /** Wait as after `failures` failures, and resume. */
  | { action: "resume"; failures: number };

/** Objects at the URL that a download may meet after the first one. */
const CHANGES_MAX = 1;

/** Decides what follows a failed attempt. `counts` include it. Pure: no clock, no I/O, never throws. */
export function decideRetry(
  failure: AttemptFailure,
  counts: RetryCounts,
  limits: Pick<DownloadTuning, "attempts" | "freshUrls">,
): RetryDecision {
  const { failures, freshUrls, changes } = counts;
  switch (failure) {
    case "gone":
      return { action: "fail", reason: "image-gone" };
    case "hopeless":
      return { action: "fail", reason: "download-failed" };
    case "changed":
      return changes > CHANGES_MAX ? { action: "fail", reason: "image-changed" } : { action: "restart" };
    case "url-refused":
      return freshUrls > limits.freshUrls
        ? { action: "fail", reason: "url-refused" }
        : { action: "refreshUrl", failures: freshUrls };
    case "try-again":
      return failures >= limits.attempts
        ? { action: "fail", reason: "download-failed" }
        : { action: "resume", failures };
  }
}
