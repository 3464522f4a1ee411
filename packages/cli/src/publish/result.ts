import type { JobDocument } from "@fota/shared";

// Types only, and of nothing that the package does not bring: its declarations have to compile where it is installed.

/** What `fota publish --json` prints. */
export interface Published {
  jobId: string;
  /** `null` in a dry run: no job was created. */
  jobArn: string | null;
  document: JobDocument;
  /** The one of the legacy keys first. */
  images: PublishedImage[];
  /** ARNs of things and thing groups. */
  targets: string[];
}

export interface PublishedImage {
  slot: number;
  bucket: string;
  key: string;
  md5: string;
  sha256: string;
  /** Bytes. */
  size: number;
  /** As in the document: presigned, or the placeholder that AWS IoT replaces. */
  url: string;
  /** When the URL stops working, ISO 8601; `null` where AWS IoT makes a new one each time a device asks. */
  expiresAt: string | null;
}

export type PublishStep = "upload" | "check" | "group" | "create";

/** What `fota publish --dry-run --json` says of the plan beside the result. */
export interface PlanSummary {
  /** `null`: not all of them can be counted. */
  things: number | null;
  /** What S3 does not have yet. */
  uploads: { slot: number; bytes: number }[];
  /** The job exists already: nothing would be done. */
  exists: boolean;
  /** The job as AWS IoT would be asked for it, but for the document. */
  request: Record<string, unknown>;
  /** When the last device could start, seconds from now; `null`: there is no such time. */
  lastStartSeconds: number | null;
  cost: Cost;
  warnings: string[];
}

/** What a publish uses at most of what AWS charges for, and what that costs where prices are known. */
export interface Cost {
  /** One for each execution: a thing that is retried counts again. */
  jobActions: number;
  /** Bytes that things download, each the image for its slot. */
  transferBytes: number;
  currency: string | null;
  jobActionsPrice: number | null;
  transferPrice: number | null;
}
