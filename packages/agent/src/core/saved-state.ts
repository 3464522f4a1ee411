import { isCount, isRecord } from "./guards.js";
import {
  type BadVerdict,
  type ExecutionRef,
  type Failure,
  HOOK_NAMES,
  type Journal,
  type UpdateState,
  type UpdateTarget,
  type Verdict,
} from "./update-state.js";

const STATE_VERSION = 2;
/** Key of the update target in the saved text. Devices in the field read and write it: it never changes. */
const SAVED_TARGET = "order";

/**
 * MD5 of the image that the agent last began to write to a slot, by slot. Says nothing about a slot that is absent.
 */
export type SlotImages = Readonly<Record<number, string>>;

/**
 * Returns the text for the `StateStore`. Writes each state in the oldest version that can hold it: after a revert, the
 * old image reads what the new one saved, and must not lose a verdict because of fields that it does not know. An older
 * agent ignores `images`, and its next save drops them.
 */
export function serializeState(state: UpdateState, images?: SlotImages): string {
  const saved = { version: versionOf(state), state: renameKey(state, "target", SAVED_TARGET), images };
  return JSON.stringify(saved, (key, value) => (key === "deltas" ? undefined : value));
}

/** Returns the version that a state needs. Version 2 adds the costs of a download to its journal. */
function versionOf(state: UpdateState): number {
  const { erases, fetchedBytes } = state.phase === "downloading" ? state.journal : {};
  return erases === undefined && fetchedBytes === undefined ? 1 : STATE_VERSION;
}

/**
 * Parses the saved text of this version or an older one. Returns `undefined` for a torn, foreign or newer text. Never
 * throws. Without a state, the agent can still end the job: it compares the running image with the job document.
 */
export function parseState(text: string): UpdateState | undefined {
  return parseSaved(text)?.state;
}

/** Parses the saved text as `parseState` does, and what it says of the slots. */
export function parseSaved(text: string): { state: UpdateState; images: SlotImages | undefined } | undefined {
  let saved: unknown;
  try {
    saved = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(saved) || (saved["version"] !== 1 && saved["version"] !== STATE_VERSION)) return undefined;
  if (!isRecord(saved["state"])) return undefined;
  const state = renameKey(saved["state"], SAVED_TARGET, "target");
  // Not checked: whatever is in place of the images, at worst an image is downloaded that the slot holds already.
  return isState(state) ? { state, images: saved["images"] as SlotImages | undefined } : undefined;
}

/** Copies `value` and renames one key, without changing the order of keys. */
function renameKey(value: object, from: string, to: string): unknown {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key === from ? to : key, each]));
}

/**
 * Checks by hand, because schemas take more in a small device: the smallest that was found, built for one phase at a
 * time, adds 194 bytes gzipped to the core and 8 KiB to its peak heap in QuickJS.
 */
function isState(value: unknown): value is UpdateState {
  if (!isRecord(value)) return false;
  if (value["phase"] === "idle") return true;
  if (!isExecution(value["execution"])) return false;
  if (value["phase"] === "reporting") {
    return isAbsentOr(isTarget, value["target"]) && isVerdict(value["verdict"]);
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
    isText(value["jobId"]) &&
    isCount(value["executionNumber"]) &&
    isCount(value["versionNumber"])
  );
}

function isTarget(value: unknown): value is UpdateTarget {
  return (
    isRecord(value) &&
    isCount(value["slot"]) &&
    isCount(value["sizeBytes"]) &&
    isText(value["md5"]) &&
    isAbsentOr(isText, value["sha256"]) &&
    isText(value["url"]) &&
    isAbsentOr(isText, value["version"]) &&
    isAbsentOr(isRecord, value["download"])
  );
}

function isJournal(value: unknown): value is Journal {
  return (
    isRecord(value) &&
    isCount(value["offsetBytes"]) &&
    isAbsentOr(isText, value["etag"]) &&
    isAbsentOr(isCount, value["erases"]) &&
    isAbsentOr(isCount, value["fetchedBytes"]) &&
    isAbsentOr(isPatch, value["patch"])
  );
}

function isPatch(value: unknown): boolean {
  return (
    isRecord(value) &&
    (isText(value["cause"]) || (isCount(value["patchBytes"]) && isCount(value["frameBytes"])))
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
  return isRecord(value) && isText(value["phase"]) && isText(value["reason"]);
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isAbsentOr(is: (value: unknown) => boolean, value: unknown): boolean {
  return value === undefined || is(value);
}
