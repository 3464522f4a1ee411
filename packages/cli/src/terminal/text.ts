import { FotaError, messageOf } from "@fota/shared";
import type { TextSink } from "../host.js";
import { COLOR_MARK } from "./paint.js";
import { REPLACEMENT, UNSAFE } from "./unsafe.js";

const MARK_OR_UNSAFE = new RegExp(`${COLOR_MARK}|${UNSAFE}`, "gu");

/** JSON.stringify escapes C0 and lone surrogates itself. */
const UNSAFE_IN_JSON = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff]/g;

/** Makes text safe for a terminal: only the colors that fota set remain control sequences. Keeps the length. */
export function neutralize(text: string): string {
  return text.replace(MARK_OR_UNSAFE, (_found, color?: string) =>
    color === undefined ? REPLACEMENT : `\x1b[${color}m`,
  );
}

/** Formats JSON that any parser reads the same way and that is safe for a terminal. */
export function toJson(
  value: unknown,
  indent?: number,
  replacer?: (key: string, value: unknown) => unknown,
): string {
  return escapeInJson(JSON.stringify(value, replacer, indent));
}

/** Escapes everything in JSON that a terminal could act on. */
export function escapeInJson(json: string): string {
  return json.replace(UNSAFE_IN_JSON, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/**
 * Writes to stdout. All output of fota goes through this function or `writeNotice`.
 * @throws {FotaError} OUTPUT_FAILED when stdout refuses at once, as a file on a full disk does
 */
export function writeResult(stdout: TextSink, text: string): void {
  try {
    stdout.write(neutralize(text));
  } catch (cause) {
    throw outputFailed(cause);
  }
}

/** Writes to stderr. If that fails, there is no place to report it, and the command continues. */
export function writeNotice(stderr: TextSink, text: string): void {
  try {
    stderr.write(neutralize(text));
  } catch {
    // a full disk behind 2>
  }
}

export function outputFailed(cause: unknown): FotaError {
  return new FotaError("OUTPUT_FAILED", `cannot write to stdout: ${messageOf(cause)}`, {
    hint: "check the disk or the program that stdout goes to; what the command changed stays changed",
    cause,
  });
}
