import {
  STATUS_DETAILS_KEY_MAX_LENGTH,
  STATUS_DETAILS_KEY_PATTERN,
  STATUS_DETAILS_MAX_PAIRS,
  STATUS_DETAILS_VALUE_MAX_LENGTH,
} from "./aws-limits.js";
import type { StatusDetails } from "./jobs-api.js";

/** Where an update stands, in the order in which it passes through. */
export const UPDATE_PHASES = [
  "starting",
  "downloading",
  "verifying",
  "installing",
  "trial",
  "confirming",
  "done",
] as const;
export type UpdatePhase = (typeof UPDATE_PHASES)[number];

/**
 * Why an update did not succeed: the values of `statusDetails.reason`. The first two are the original library's texts
 * and stay for their two cases (P-45, P-47): `bad fota data`, the job cannot be carried out on this device; `invalid
 * fota`, the device restarted and does not run the new image. A cause is never renamed.
 */
export const CAUSES = [
  "bad fota data",
  "invalid fota",
  "wrong-model",
  "version-too-low",
  "downgrade",
  "order-expired",
  "signature-invalid",
  "host-refused",
  "url-refused",
  "image-gone",
  "image-changed",
  "download-failed",
  "size-mismatch",
  "digest-mismatch",
  "slot-failed",
  "self-test-failed",
  "hook-failed",
  "refused",
] as const;
export type Cause = (typeof CAUSES)[number];

/**
 * The report of a device in `statusDetails`. `detail` is for people. The rest explains a cause: bytes done and in all,
 * expected and actual digests, and the version or slot that runs.
 */
export interface UpdateReport {
  phase?: UpdatePhase;
  percent?: number;
  reason?: Cause;
  detail?: string;
  bytes?: number;
  totalBytes?: number;
  expected?: string;
  actual?: string;
  running?: string;
}

const NUMBER_KEYS = ["percent", "bytes", "totalBytes"] as const;
const TEXT_KEYS = ["phase", "reason", "detail", "expected", "actual", "running"] as const;

/**
 * Writes a report as AWS takes it: at most 10 pairs, values of 1 to 1,024 characters without control characters. What
 * does not fit is cut, never refused: a report that AWS refuses is worse than a short one.
 */
export function encodeStatusDetails(report: UpdateReport): StatusDetails {
  const details: StatusDetails = {};
  for (const key of [...TEXT_KEYS, ...NUMBER_KEYS]) {
    const value = report[key];
    if (value === undefined) continue;
    const text = cleanText(String(value));
    if (text !== "") details[key] = text;
  }
  return details;
}

/** Reads a report back, also one that something else wrote: keys that do not fit are left out. Never throws. */
export function decodeStatusDetails(details: Readonly<Record<string, unknown>> | undefined): UpdateReport {
  const report: Record<string, string | number> = {};
  for (const key of TEXT_KEYS) {
    const value = details?.[key];
    if (typeof value === "string" && value !== "") report[key] = value;
  }
  for (const key of NUMBER_KEYS) {
    const value = details?.[key];
    if (typeof value === "string" && /^\d{1,15}$/.test(value)) report[key] = Number(value);
  }
  return report as UpdateReport;
}

/** What AWS would refuse in `details`, as one sentence; `undefined` when it takes them. */
export function statusDetailsFault(details: unknown): string | undefined {
  if (typeof details !== "object" || details === null || Array.isArray(details)) {
    return "statusDetails must be a map of strings";
  }
  const pairs = Object.entries(details);
  if (pairs.length > STATUS_DETAILS_MAX_PAIRS) {
    return `statusDetails has ${pairs.length} pairs, at most ${STATUS_DETAILS_MAX_PAIRS} are allowed`;
  }
  for (const [key, value] of pairs) {
    if (key.length > STATUS_DETAILS_KEY_MAX_LENGTH || !STATUS_DETAILS_KEY_PATTERN.test(key)) {
      return `statusDetails key ${JSON.stringify(key.slice(0, 140))} is not allowed`;
    }
    if (typeof value !== "string") return `statusDetails value of ${key} must be a string`;
    if (value === "" || value.length > STATUS_DETAILS_VALUE_MAX_LENGTH || CONTROL.test(value)) {
      return `statusDetails value of ${key} must have 1 to ${STATUS_DETAILS_VALUE_MAX_LENGTH} characters, none of them a control character`;
    }
  }
  return undefined;
}

/** The API model's `[^\p{C}]+`: no control, format, surrogate, private-use or unassigned characters. */
const CONTROL = /\p{C}/u;

function cleanText(text: string): string {
  const plain = text.replace(/\p{C}+/gu, " ").trim();
  if (plain.length <= STATUS_DETAILS_VALUE_MAX_LENGTH) return plain;
  return `${plain.slice(0, STATUS_DETAILS_VALUE_MAX_LENGTH - 3).replace(/\p{C}$/u, "")}...`;
}
