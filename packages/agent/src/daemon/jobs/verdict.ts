import {
  encodeStatusDetails,
  STATUS_DETAILS_KEY_MAX_LENGTH,
  STATUS_DETAILS_KEY_PATTERN,
  STATUS_DETAILS_MAX_PAIRS,
  STATUS_DETAILS_VALUE_MAX_LENGTH,
  type StatusDetails,
} from "@fota/shared";
import { isRecord } from "../../core/guards.js";
import { DEFER_EXIT_CODE, type Deferral, parseDeferral } from "../executable/deferral.js";
import type { ExecutableEnd } from "../executable/run.js";

const STATUSES = ["SUCCEEDED", "FAILED", "REJECTED"] as const;

/** The end of a job execution. */
export interface JobVerdict {
  status: (typeof STATUSES)[number];
  details: StatusDetails;
}

/** Tells whether a saved verdict is valid. */
export function isJobVerdict(value: unknown): value is JobVerdict {
  return (
    isRecord(value) &&
    STATUSES.some((status) => status === value["status"]) &&
    isRecord(value["details"]) &&
    Object.values(value["details"]).every((each) => typeof each === "string")
  );
}

/** What the last line of a handler says, if it is a JSON object. */
interface LastLine {
  status?: JobVerdict["status"] | undefined;
  details: StatusDetails;
}

/**
 * Returns what the end of a handler means for its job. Exit code 0: SUCCEEDED; 75: run it again later; any other end:
 * FAILED. A last line `{"status": ..., "details": {...}}` may name a worse status and adds details: success needs exit
 * code 0 as well.
 */
export function verdictOf(end: ExecutableEnd): Deferral | JobVerdict {
  const { exitCode, description, stdout, stderr } = end;
  if (exitCode === DEFER_EXIT_CODE) return parseDeferral(stdout.firstLine());
  const line = readLastLine(stdout.lastLine());
  const text = tailOf(line === undefined ? stdout.end() : withoutLastLine(stdout.end()));
  const errors = tailOf(stderr.end());
  const details: StatusDetails = {
    ...(exitCode !== 0 && { reason: "handler-failed", detail: description }),
    ...(text !== undefined && { output: text }),
    ...(errors !== undefined && { errors }),
  };
  const given = line?.status ?? "SUCCEEDED";
  const status = exitCode === 0 || given !== "SUCCEEDED" ? given : "FAILED";
  return { status, details: limitPairs({ ...line?.details, ...details }, details) };
}

function readLastLine(text: string): LastLine | undefined {
  if (!text.startsWith("{")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || !("status" in value || "details" in value)) return undefined;
  const given = isRecord(value["details"]) ? value["details"] : {};
  const pairs = Object.entries(given).map(([key, each]) => [key, clean(textOf(each))] as const);
  return {
    status: STATUSES.find((status) => status === value["status"]),
    details: Object.fromEntries(
      pairs.filter(([key, each]) => isKey(key) && each !== undefined),
    ) as StatusDetails,
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isKey(key: string): boolean {
  return key.length <= STATUS_DETAILS_KEY_MAX_LENGTH && STATUS_DETAILS_KEY_PATTERN.test(key);
}

/** Leaves out pairs above the limit of AWS: first of the handler's, as those in `kept` tell why a job failed. */
function limitPairs(details: StatusDetails, kept: StatusDetails): StatusDetails {
  const own = Object.entries(details).filter(([key]) => !(key in kept));
  const room = STATUS_DETAILS_MAX_PAIRS - Object.keys(kept).length;
  return { ...Object.fromEntries(own.slice(0, room)), ...kept };
}

/** Returns the text within the limits of AWS; `undefined` if nothing is left of it. */
function clean(text: string): string | undefined {
  return encodeStatusDetails({ detail: text })["detail"];
}

function tailOf(text: string): string | undefined {
  return clean(text.slice(-STATUS_DETAILS_VALUE_MAX_LENGTH));
}

function withoutLastLine(text: string): string {
  return text.slice(0, Math.max(0, text.lastIndexOf("\n")));
}
