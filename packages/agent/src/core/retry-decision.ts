import type { Cause } from "@fota/shared";
import type { DownloadTuning } from "./download-tuning.js";

/** How an attempt failed. The kinds are those of `ImageAnswer`. */
export type AttemptFailure = "gone" | "permanent" | "changed" | "url-refused" | "try-again";

export type RetryDecision =
  | { action: "fail"; reason: Cause }
  /** Starts again at the first byte, without a delay: the object has changed. */
  | { action: "restart" }
  /** Waits as long as after `failures` failures, asks for a fresh URL, and resumes with it. */
  | { action: "refreshUrl"; failures: number }
  /** Waits as long as after `failures` failures, and resumes. */
  | { action: "resume"; failures: number };

/** How often the object at the URL may change during a download. */
const CHANGES_MAX = 1;

/**
 * Decides what follows an attempt that failed in this way for the `failures`-th time: since the last progress, or, if the
 * object `changed`, since the start of the download. Pure: no clock, no I/O, never throws.
 */
export function decideRetry(
  failure: AttemptFailure,
  failures: number,
  limits: Pick<DownloadTuning, "attempts" | "freshUrls">,
): RetryDecision {
  switch (failure) {
    case "gone":
      return { action: "fail", reason: "image-gone" };
    case "permanent":
      return { action: "fail", reason: "download-failed" };
    case "changed":
      return failures > CHANGES_MAX ? { action: "fail", reason: "image-changed" } : { action: "restart" };
    case "url-refused":
      return failures > limits.freshUrls
        ? { action: "fail", reason: "url-refused" }
        : { action: "refreshUrl", failures };
    case "try-again":
      return failures >= limits.attempts
        ? { action: "fail", reason: "download-failed" }
        : { action: "resume", failures };
  }
}
