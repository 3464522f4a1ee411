import type { Cause, DocumentDelta, UpdatePhase, UpdateReport } from "@fota/shared";
import type { SlotDigests } from "./ports.js";

/** One execution of a job on this thing. A retry has another `executionNumber`. */
export interface ExecutionRef {
  jobId: string;
  executionNumber: number;
  /** The `expectedVersion` of the next report. */
  versionNumber: number;
}

/** Returns what tells one execution from all others of this thing. */
export function keyOf({ jobId, executionNumber }: Pick<ExecutionRef, "jobId" | "executionNumber">): string {
  return `${jobId} ${executionNumber}`;
}

/** The image of a job document that this device installs. Digests are lower-case hex. */
export interface UpdateTarget {
  slot: number;
  sizeBytes: number;
  md5: string;
  sha256?: string;
  url: string;
  /** Version of the firmware, if the document has one. */
  version?: string;
  /** Patches that make the image. Never saved: their URLs are long, and the document is read again after a restart. */
  deltas?: readonly DocumentDelta[] | undefined;
  /** What the download of this image took. Saved for the last report; older agents ignore it. */
  download?: DownloadReport | undefined;
}

/** How an image was downloaded, on a device that can use patches. */
export type DownloadReport = Pick<UpdateReport, "via" | "fetchedBytes">;

/**
 * How much of the image is durable in the slot, which object it comes from, and what the download has cost. The costs
 * are absent before the first byte, and in version 1 of the saved state.
 */
export interface Journal {
  offsetBytes: number;
  /** A strong ETag, quotes included; absent when the server gave none. */
  etag?: string;
  /** How often the slot was erased for this job execution. */
  erases?: number;
  /** Bytes fetched for this job execution, including those that a power cut lost. Never too low. */
  fetchedBytes?: number;
  /**
   * The patch that the bytes come from, or why a patch did not work. An older agent ignores it, and continues at
   * `offsetBytes` of the whole image.
   */
  patch?: PatchJournal | PatchFailure;
}

/** Where to read a patch on: after its first `patchBytes` bytes, which make `offsetBytes` of the image. */
export interface PatchJournal {
  /** SHA-256 of the patch. */
  sha256: string;
  patchBytes: number;
  /** Bytes of the image in each frame. */
  frameBytes: number;
  /** The ETag of the patch, as in `Journal`. */
  etag?: string;
}

/** The patch did not work. No other one is tried for this job execution. */
interface PatchFailure {
  cause: PatchFault;
}

export type PatchFault = Cause | "patch-invalid";

/** Why an update ends in FAILED or REJECTED. */
export interface Failure extends UpdateReport {
  phase: UpdatePhase;
  reason: Cause;
}

/** REJECTED: a hook of the device's owner refused; FAILED: everything else. */
export interface BadVerdict {
  status: "FAILED" | "REJECTED";
  details: Failure;
}

export type Verdict = { status: "SUCCEEDED"; details: UpdateReport } | BadVerdict;

/** The level of the log line about the end of a job. */
export const END_LEVELS = { SUCCEEDED: "info", FAILED: "error", REJECTED: "warn" } as const;

export const HOOK_NAMES = ["beforeDownload", "beforeInstall", "beforeReset"] as const;
export type HookName = (typeof HOOK_NAMES)[number];

interface ActiveUpdate {
  execution: ExecutionRef;
  target: UpdateTarget;
}

/**
 * The phase of an update and its data. Saved before its effects are executed. The new image reads what the old one
 * saved, so the saved form has a version, and `test/fixtures` keeps a file of each released version.
 */
export type UpdateState =
  | { phase: "idle" }
  /** Reports IN_PROGRESS. The update starts only after the service accepted that report (B-15). */
  | ({ phase: "starting" } & ActiveUpdate)
  | ({ phase: "downloading"; journal: Journal } & ActiveUpdate)
  /**
   * Asks a hook. `deferred`: it was asked before, so URL and slot must be checked again; `faults`: how often in a row
   * it failed; `attempts`: how often the trial of this image was scheduled.
   */
  | ({
      phase: "consulting";
      hook: HookName;
      deferred: boolean;
      faults: number;
      attempts: number;
    } & ActiveUpdate)
  /** `consented`: the hook `beforeInstall` has allowed it. */
  | ({ phase: "verifying"; attempts: number; consented?: true } & ActiveUpdate)
  /** The image is verified. Asks once more whether the job is still active, then schedules the trial. */
  | ({ phase: "installing"; attempts: number } & ActiveUpdate)
  /** The trial is scheduled: the next boot, or this one, is the trial. */
  | ({ phase: "trial" } & ActiveUpdate)
  | ({ phase: "confirming" } & ActiveUpdate)
  /** Reverts the trial. Without a verdict the job is gone, and nothing is reported. */
  | ({ phase: "reverting"; verdict?: BadVerdict } & ActiveUpdate)
  /** Repeats the last report until the service accepts it. Has no `target` if the document was refused. */
  | { phase: "reporting"; execution: ExecutionRef; target?: UpdateTarget; verdict: Verdict };

/** What the device runs and what it boots next. */
export interface BootFacts {
  /** Determined by the digest of the running slot, not by its number (B-11). */
  image: "target" | "other";
  /** `settled`: a confirmed image runs. `onTrial`: an unconfirmed one runs. `resetDue`: another slot boots next. */
  boot: "settled" | "onTrial" | "resetDue";
  /** As in `BootRecord`. */
  failure?: string | undefined;
}

export type UpdateEvent =
  | { type: "jobAccepted"; execution: ExecutionRef; target: UpdateTarget }
  /** The device already runs this image, confirmed. Only a report is left to do. */
  | { type: "alreadyRuns"; execution: ExecutionRef; target: UpdateTarget }
  /** The device refused the job document. Nothing was touched. */
  | { type: "jobRefused"; execution: ExecutionRef; failure: Failure }
  /** The service has the execution IN_PROGRESS, and this device has no saved state of it (P-45). */
  | ({ type: "jobFound"; execution: ExecutionRef; target: UpdateTarget } & BootFacts)
  /** The device started, or an interrupted update continues. */
  | ({ type: "booted" } & BootFacts)
  /** The service accepted a report, or answered that the job is in progress. */
  | { type: "jobActive"; versionNumber: number; url?: string; deltas?: UpdateTarget["deltas"] }
  /** Canceled, timed out, removed, or ended otherwise: the service accepts no more reports. */
  | { type: "jobGone" }
  | { type: "allowed" }
  | { type: "deferred"; delayMs: number; why?: string }
  | { type: "refused"; detail: string }
  /** The hook threw, returned something invalid, or did not answer in time. */
  | { type: "hookFailed"; detail: string }
  | { type: "downloadAdvanced"; journal: Journal }
  /**
   * `versionNumber`: after the last progress report. `found`: digests read back during the download; not saved, after a
   * restart the slot is read again.
   */
  | {
      type: "downloaded";
      versionNumber: number;
      found?: SlotDigests | undefined;
      download?: DownloadReport | undefined;
    }
  | { type: "verified" }
  | { type: "attempted" }
  | { type: "selfTestPassed" }
  | { type: "confirmed" }
  /** The trial ended before the confirm: another image boots next. */
  | { type: "confirmRefused"; detail: string }
  | { type: "reverted"; boot: BootFacts["boot"] }
  /** There is no image to revert to. */
  | { type: "revertRefused"; detail: string }
  | { type: "reported" }
  /** A step failed on this device. */
  | { type: "stepFailed"; failure: Failure };

export type UpdateEffect =
  /** Reports IN_PROGRESS with the phase, and with a deferral; the answer tells whether the job is still active. */
  | { type: "reportPhase"; execution: ExecutionRef; phase: UpdatePhase; detail?: string }
  /** Asks for the job document again: whether the job is still active, and for a fresh URL. */
  | { type: "refreshUrl"; execution: ExecutionRef; target: UpdateTarget }
  | { type: "consult"; hook: HookName; execution: ExecutionRef; target: UpdateTarget }
  | { type: "download"; execution: ExecutionRef; target: UpdateTarget; journal: Journal }
  | { type: "verify"; target: UpdateTarget; found?: SlotDigests | undefined }
  | { type: "attempt"; target: UpdateTarget }
  | { type: "restart" }
  | { type: "selfTest" }
  | { type: "confirm" }
  | { type: "revert" }
  | { type: "report"; execution: ExecutionRef; verdict: Verdict };
