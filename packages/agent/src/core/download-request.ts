import type { DocumentDelta } from "@fota/shared";
import type { DownloadBudget } from "./download-budget.js";
import type { Interruption } from "./interruption.js";
import type { Device, SlotDigests } from "./ports.js";
import type { SlotImage, SlotImageRequest } from "./slot-image.js";
import type { DownloadReport, Failure } from "./update-state.js";
import type { UrlRules } from "./url-rules.js";

/** The answer to a request for a fresh URL. `deltas` are the patches of the same document. */
export type FreshUrl =
  | { kind: "url"; url: string; deltas?: readonly DocumentDelta[] | undefined }
  | { kind: "job-gone" }
  | { kind: "unanswered" };

export interface DownloadRequest extends SlotImageRequest {
  urlRules: UrlRules;
  /** The slot is known to hold another image, so it is not read before the download. */
  holdsOther: boolean;
  freshUrl(): Promise<FreshUrl>;
  /** Called between two attempts if no notification can report that the job is gone. May answer `unanswered`. */
  refreshBetweenAttempts?: (() => Promise<FreshUrl>) | undefined;
  /** Stops the download at once, even while it waits. */
  interruption: Interruption;
}

export type DownloadResult =
  /** `found`: digests of the slot, if it was read back during the download or already held the image. */
  | { kind: "downloaded"; found?: SlotDigests | undefined; download?: DownloadReport }
  | { kind: "failed"; failure: Failure }
  | { kind: "job-gone" }
  /** Stopped, or the service did not answer with a fresh URL. The journal tells where to continue. */
  | { kind: "interrupted" };

export type DownloadDevice = Pick<Device, "slots" | "http" | "clock" | "random" | "log" | "buffers">;

/** Takes the bytes of a download in order, and makes the image in its slot from them. */
export type DownloadSink = Pick<
  SlotImage,
  | "receivedBytes"
  | "isComplete"
  | "needsErase"
  | "etag"
  | "findComplete"
  | "begin"
  | "write"
  | "waitForWrite"
  | "finish"
  | "rewind"
  | "suspend"
  | "close"
>;

/** What a download fetches. */
export interface DownloadObject {
  url: string;
  sizeBytes: number;
  budget: DownloadBudget;
  sink: DownloadSink;
}
