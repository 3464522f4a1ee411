import type { Cause, UpdatePhase, UpdateReport } from "@fota/shared";
import type { SlotDigests } from "./ports.js";

/** Which run of which job on this thing. A retry or a re-queued job has another `executionNumber`. */
export interface ExecutionRef {
  jobId: string;
  executionNumber: number;
  /** What the next update must name as `expectedVersion`. */
  versionNumber: number;
}

/** The one image that this device takes from a job document. Digests are lower-case hex. */
export interface UpdateTarget {
  slot: number;
  sizeBytes: number;
  md5: string;
  sha256?: string;
  url: string;
  /** Of the firmware, where the document states it. */
  version?: string;
}

/**
 * How much of the image is durable in the slot, of which object at the URL it is, and what the download has cost so
 * far. The costs are absent before the first byte, and in version 1 of the saved state.
 */
export interface Journal {
  offsetBytes: number;
  /** A strong ETag, quotes included; absent when the server gave none. */
  etag?: string;
  /** How often the slot was erased for this job execution. */
  erases?: number;
  /** Bytes that came for this job execution, those that a power cut lost included. Never too low. */
  fetchedBytes?: number;
}

/** Why an update ends in FAILED or REJECTED, with what is needed to understand it. */
export interface Failure extends UpdateReport {
  phase: UpdatePhase;
  reason: Cause;
}

/** REJECTED: the device's owner said no; FAILED: everything else. */
export interface BadVerdict {
  status: "FAILED" | "REJECTED";
  details: Failure;
}

export type Verdict = { status: "SUCCEEDED"; details: UpdateReport } | BadVerdict;

const HOOK_NAMES = ["beforeDownload", "beforeInstall", "beforeReset"] as const;
export type HookName = (typeof HOOK_NAMES)[number];

interface ActiveUpdate {
  execution: ExecutionRef;
  target: UpdateTarget;
}

/**
 * Where an update stands. Saved before it is acted on; the new image wakes up to the old one's file, so the saved form
 * carries a version and `test/fixtures` keeps a file of each version shipped.
 */
export type UpdateState =
  | { phase: "idle" }
  /** IN_PROGRESS is being reported; only an accepted answer lets the work begin (B-15). */
  | ({ phase: "starting" } & ActiveUpdate)
  | ({ phase: "downloading"; journal: Journal } & ActiveUpdate)
  /**
   * A hook is asked. `deferred`: it was asked before, so that what was known of the order may be old; `faults`: how
   * often in a row it gave no answer; `attempts`: how often the trial of this image was ordered already.
   */
  | ({
      phase: "consulting";
      hook: HookName;
      deferred: boolean;
      faults: number;
      attempts: number;
    } & ActiveUpdate)
  /** `consented`: `beforeInstall` has allowed it. */
  | ({ phase: "verifying"; attempts: number; consented?: true } & ActiveUpdate)
  /** Verified. The service is asked once more whether the order stands, then the trial is ordered. */
  | ({ phase: "installing"; attempts: number } & ActiveUpdate)
  /** The boot loader has the order: the next boot, or this one, is the trial. */
  | ({ phase: "trial" } & ActiveUpdate)
  | ({ phase: "confirming" } & ActiveUpdate)
  /** The trial is given up. Without a verdict there is nobody left to tell. */
  | ({ phase: "reverting"; verdict?: BadVerdict } & ActiveUpdate)
  /** The last report is repeated until the service has it. An order that was refused unread has no `order`. */
  | { phase: "reporting"; execution: ExecutionRef; target?: UpdateTarget; verdict: Verdict };

/** How the device stands after a boot, or at any later look. */
export interface BootFacts {
  /** Told by the digest of the running slot, never by its number (B-11). */
  image: "target" | "other";
  /**
   * `settled`: a confirmed image runs. `onTrial`: one that is not confirmed. `resetDue`: another slot than the running
   * one boots next.
   */
  boot: "settled" | "onTrial" | "resetDue";
}

export type UpdateEvent =
  | { type: "jobAccepted"; execution: ExecutionRef; target: UpdateTarget }
  /** A settled device runs the ordered image already: there is nothing to do but to say so. */
  | { type: "alreadyRuns"; execution: ExecutionRef; target: UpdateTarget }
  /** The order cannot be carried out: nothing was touched. */
  | { type: "jobRefused"; execution: ExecutionRef; failure: Failure }
  /** The service has the execution IN_PROGRESS, and this device has no saved state of it (P-45). */
  | ({ type: "jobFound"; execution: ExecutionRef; target: UpdateTarget } & BootFacts)
  /** The device started, or takes an interrupted update up again. */
  | ({ type: "booted" } & BootFacts)
  /** The service took the report, or said in answer to a question that the order stands. */
  | { type: "jobActive"; versionNumber: number; url?: string }
  /** Cancelled, timed out, removed, or finished by someone else: the service takes no report of it any more. */
  | { type: "jobGone" }
  | { type: "allowed" }
  | { type: "deferred"; delayMs: number; why?: string }
  | { type: "refused"; detail: string }
  /** The hook threw, answered nonsense or nothing in time. */
  | { type: "hookFailed"; detail: string }
  | { type: "downloadAdvanced"; journal: Journal }
  /** `versionNumber`: as progress reports left it. */
  /** `found`: what was read back behind the writes. Not saved: after a restart the slot is read again. */
  | { type: "downloaded"; versionNumber: number; found?: SlotDigests | undefined }
  | { type: "verified" }
  | { type: "attempted" }
  | { type: "selfTestPassed" }
  | { type: "confirmed" }
  /** The trial was over before the confirm: the image that runs does not boot next. */
  | { type: "confirmRefused"; detail: string }
  | { type: "reverted"; boot: BootFacts["boot"] }
  | { type: "reported" }
  /** A step cannot be done on this device. */
  | { type: "stepFailed"; failure: Failure };

export type UpdateEffect =
  /** Reports IN_PROGRESS with the phase; the answer says whether the order stands. */
  | { type: "reportPhase"; execution: ExecutionRef; phase: UpdatePhase }
  /** Asks for the job document again: whether the order stands, and a URL that has not expired. */
  | { type: "refreshUrl"; execution: ExecutionRef; target: UpdateTarget }
  | { type: "consult"; hook: HookName; execution: ExecutionRef; target: UpdateTarget }
  /** Reports IN_PROGRESS with the deferral; the answer says whether the order stands. */
  | { type: "reportDeferral"; execution: ExecutionRef; phase: UpdatePhase; detail: string }
  | { type: "download"; execution: ExecutionRef; target: UpdateTarget; journal: Journal }
  | { type: "verify"; target: UpdateTarget; found?: SlotDigests | undefined }
  | { type: "attempt"; target: UpdateTarget }
  | { type: "restart" }
  | { type: "selfTest" }
  | { type: "confirm" }
  | { type: "revert" }
  | { type: "report"; execution: ExecutionRef; verdict: Verdict };

const STATE_VERSION = 2;
/** Key of the update target in the saved text. Devices in the field read and write it: it never changes. */
const SAVED_TARGET = "order";

/**
 * The text for the `StateStore`. Each state is written as the oldest version that has all of it: after a trial the old
 * image reads what the new one saved, and must not lose a verdict over counters that it does not know.
 */
export function serializeState(state: UpdateState): string {
  return JSON.stringify({ version: versionOf(state), state: renameKey(state, "target", SAVED_TARGET) });
}

/** Version 2 has the costs of a download in its journal, and is the same otherwise. */
function versionOf(state: UpdateState): number {
  const { erases, fetchedBytes } = state.phase === "downloading" ? state.journal : {};
  return erases === undefined && fetchedBytes === undefined ? 1 : STATE_VERSION;
}

/**
 * Reads the saved text back, of this version or an older one. A torn, alien or newer text is no state: `undefined`,
 * never a throw. What the device runs and what the service says still lead to an end of the job.
 */
export function parseState(text: string): UpdateState | undefined {
  let saved: unknown;
  try {
    saved = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(saved) || (saved["version"] !== 1 && saved["version"] !== STATE_VERSION)) return undefined;
  if (!isRecord(saved["state"])) return undefined;
  const state = renameKey(saved["state"], SAVED_TARGET, "target");
  return isState(state) ? state : undefined;
}

/** Copies `value` with another name for one key, in the same place. */
function renameKey(value: object, from: string, to: string): unknown {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key === from ? to : key, each]));
}

function isState(value: unknown): value is UpdateState {
  if (!isRecord(value)) return false;
  if (value["phase"] === "idle") return true;
  if (!isExecution(value["execution"])) return false;
  if (value["phase"] === "reporting") {
    return (value["target"] === undefined || isTarget(value["target"])) && isVerdict(value["verdict"]);
  }
  if (!isTarget(value["target"])) return false;
  switch (value["phase"]) {
    case "starting":
    case "trial":
    case "confirming":
      return true;
    case "downloading":
      return isJournal(value["journal"]);
    case "consulting":
      return (
        HOOK_NAMES.some((hook) => hook === value["hook"]) &&
        typeof value["deferred"] === "boolean" &&
        isCount(value["faults"]) &&
        isCount(value["attempts"])
      );
    case "verifying":
      return isCount(value["attempts"]) && (value["consented"] === undefined || value["consented"] === true);
    case "installing":
      return isCount(value["attempts"]);
    case "reverting":
      return value["verdict"] === undefined || isBadVerdict(value["verdict"]);
    default:
      return false;
  }
}

function isExecution(value: unknown): value is ExecutionRef {
  return (
    isRecord(value) &&
    typeof value["jobId"] === "string" &&
    isCount(value["executionNumber"]) &&
    isCount(value["versionNumber"])
  );
}

function isTarget(value: unknown): value is UpdateTarget {
  return (
    isRecord(value) &&
    isCount(value["slot"]) &&
    isCount(value["sizeBytes"]) &&
    typeof value["md5"] === "string" &&
    (value["sha256"] === undefined || typeof value["sha256"] === "string") &&
    typeof value["url"] === "string" &&
    (value["version"] === undefined || typeof value["version"] === "string")
  );
}

function isJournal(value: unknown): value is Journal {
  return (
    isRecord(value) &&
    isCount(value["offsetBytes"]) &&
    (value["etag"] === undefined || typeof value["etag"] === "string") &&
    (value["erases"] === undefined || isCount(value["erases"])) &&
    (value["fetchedBytes"] === undefined || isCount(value["fetchedBytes"]))
  );
}

function isVerdict(value: unknown): value is Verdict {
  if (!isRecord(value)) return false;
  return value["status"] === "SUCCEEDED" ? isRecord(value["details"]) : isBadVerdict(value);
}

function isBadVerdict(value: unknown): value is BadVerdict {
  if (!isRecord(value)) return false;
  return (value["status"] === "FAILED" || value["status"] === "REJECTED") && isFailure(value["details"]);
}

function isFailure(value: unknown): value is Failure {
  return isRecord(value) && typeof value["phase"] === "string" && typeof value["reason"] === "string";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
