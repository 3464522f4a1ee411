import {
  ERROR_CODES,
  type ErrorCode,
  FotaError,
  isFotaError,
  messageOf,
  type UpdateReport,
} from "@fota/shared";
import * as v from "valibot";
import { isRecord } from "../../core/guards.js";

/** Name of the socket in the state folder. */
export const SOCKET = "fota-agent.sock";
/** Purpose of the lock on the state folder that a daemon holds. */
export const DAEMON_LOCK = "fota-agent";
/** Longest line of the protocol in bytes: a job document and its digests. */
export const LINE_MAX_BYTES = 256 * 1024;

/**
 * What a command asks the daemon for, as the first line of a connection. After `install` follow the bytes of the image.
 */
export const requestSchema = v.variant("command", [
  v.object({ command: v.picklist(["status", "confirm", "revert"]) }),
  v.object({
    command: v.literal("install"),
    sizeBytes: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
    md5: v.string(),
    sha256: v.string(),
    document: v.optional(v.unknown()),
    version: v.optional(v.string()),
    file: v.optional(v.string()),
  }),
]);
export type ControlRequest = v.InferOutput<typeof requestSchema>;

/** Returns the command as the log names it: without its bytes and digests. */
export function nameOf(request: ControlRequest): string {
  if (request.command !== "install") return request.command;
  const { file, document, version = isRecord(document) ? document["bc_version"] : undefined } = request;
  const parts = [file, typeof version === "string" && `version ${version}`, `${request.sizeBytes} bytes`];
  return `install ${parts.filter(Boolean).join(", ")}`;
}

/** A line of the answer: any number of reports, then a result or an error. */
export type ControlAnswer =
  | { progress: UpdateReport }
  | { result: unknown }
  | { error: { code: ErrorCode; message: string; hint?: string } };

/** Returns the answer for a failed request. */
export function errorAnswer(error: unknown): ControlAnswer {
  if (!isFotaError(error)) return { error: { code: "STATE_ACCESS", message: messageOf(error) } };
  const { code, message, hint } = error;
  return { error: { code, message, ...(hint !== undefined && { hint }) } };
}

/** Returns the error that an answer tells of. */
export function errorOf({
  code,
  message,
  hint,
}: {
  code: string;
  message: string;
  hint?: string;
}): FotaError {
  const known = ERROR_CODES.find((each) => each === code) ?? "RESPONSE_INVALID";
  return new FotaError(known, message, { hint });
}
