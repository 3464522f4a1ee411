import {
  STATUS_DETAILS_KEY_MAX_LENGTH,
  STATUS_DETAILS_KEY_PATTERN,
  STATUS_DETAILS_MAX_PAIRS,
  STATUS_DETAILS_VALUE_MAX_LENGTH,
} from "./aws-limits.js";
import type { StatusDetails } from "./jobs-api.js";

/** Phases of an update, in order. */
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
 * Why an update did not succeed: the values of `statusDetails.reason`. The first two are texts of the original library
 * (P-45, P-47): `bad fota data` means that the device cannot act on the job document, `invalid fota` that it restarted
 * and does not run the new image. A cause is never renamed.
 */
export const CAUSES = [
  "bad fota data",
  "invalid fota",
  "wrong-model",
  "version-too-low",
  "downgrade",
  "order-expired",
  "signature-invalid",
  "wrong-thing",
  "sequence-refused",
  "host-refused",
  "url-refused",
  "image-gone",
  "image-changed",
  "download-failed",
  "size-mismatch",
  "digest-mismatch",
  "slot-failed",
  "self-test-failed",
  "reverted-by-hand",
  "hook-failed",
  "refused",
] as const;
export type Cause = (typeof CAUSES)[number];

/**
 * How an image was downloaded: `patch` from an image that the device had, `compressed`, or `whole`. After a patch that
 * did not work, `whole:` and the cause.
 */
export type DownloadPath = "patch" | "compressed" | "whole" | `whole:${Cause | "patch-invalid"}`;

/**
 * The report of a device in `statusDetails`. `detail` is text for people. The other fields explain the cause: `bytes`
 * of `totalBytes` downloaded, the `expected` and the `actual` value, and the version and slot that are `running`. If the
 * job document has patches and the device can use them, `via` is the way of the download, and `fetchedBytes` counts all
 * bytes of the image and of patches that came over the network.
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
  via?: DownloadPath;
  fetchedBytes?: number;
}

const NUMBER_KEYS = ["bytes", "totalBytes", "fetchedBytes", "percent"] as const;
const TEXT_KEYS = ["phase", "reason", "detail", "expected", "actual", "running", "via"] as const;

/**
 * Encodes a report within AWS's limits: at most 10 pairs, values of 1 to 1,024 characters without control characters.
 * Cuts values that are too long, because AWS would refuse the whole report.
 */
export function encodeStatusDetails(report: UpdateReport): StatusDetails {
  const details: StatusDetails = {};
  for (const key of [...TEXT_KEYS, ...NUMBER_KEYS]) {
    const value = report[key];
    if (value === undefined) continue;
    const text = cleanText(String(value));
    if (text !== "") details[key] = text;
    if (Object.keys(details).length === STATUS_DETAILS_MAX_PAIRS) break;
  }
  return details;
}

/** Decodes a report from any source. Ignores invalid values. Never throws. */
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

/** Returns why AWS would refuse `details`, as one sentence; `undefined` if it would accept them. */
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

/** Characters that the API model forbids (`[^\p{C}]+`): control, format, surrogate, private-use and unassigned. */
const CONTROL = /\p{C}/u;

function cleanText(text: string): string {
  const plain = text.replace(/\p{C}+/gu, " ").trim();
  if (plain.length <= STATUS_DETAILS_VALUE_MAX_LENGTH) return plain;
  return `${plain.slice(0, STATUS_DETAILS_VALUE_MAX_LENGTH - 3).replace(/\p{C}$/u, "")}...`;
}
