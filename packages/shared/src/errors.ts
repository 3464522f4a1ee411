import { type Advice, type Hint, hintText } from "./advice.js";
import { reduceCause } from "./cause.js";

/** What the person typed, on the command line or in fota.config.json. */
export const USAGE_ERROR_CODES = [
  "USAGE",
  "CONFIG_INVALID",
  "ENDPOINT_INVALID",
  "TARGET_INVALID",
  "TOO_MANY_TARGETS",
  "SLOT_INVALID",
  "JOB_ID_INVALID",
  "EXPIRES_INVALID",
  "VERSION_INVALID",
  "ROLLOUT_INVALID",
] as const;

/**
 * Every code a `FotaError` can carry. Codes are part of the interface: scripts match on them, so a code is never
 * renamed and never reused for something else.
 */
export const ERROR_CODES = [
  ...USAGE_ERROR_CODES,
  "DECLINED",
  // the image
  "IMAGE_NOT_FOUND",
  "IMAGE_UNREADABLE",
  "IMAGE_EMPTY",
  "IMAGE_INVALID",
  "IMAGE_TOO_LARGE",
  "IMAGE_CHANGED",
  "UPLOAD_CORRUPT",
  // the job document
  "DOCUMENT_INVALID",
  "DOCUMENT_TOO_LARGE",
  // AWS, or what stands in for it
  "NO_CREDENTIALS",
  "CREDENTIALS_REFUSED",
  "NO_REGION",
  "ACCESS_DENIED",
  "ENDPOINT_UNREACHABLE",
  "THROTTLED",
  "THING_NOT_FOUND",
  "GROUP_NOT_FOUND",
  "GROUP_EMPTY",
  "GROUP_EXISTS",
  "BUCKET_NOT_FOUND",
  "BUCKET_WRONG_REGION",
  "BUCKET_TAKEN",
  "JOB_NOT_FOUND",
  "JOB_AMBIGUOUS",
  "JOB_EXISTS",
  "JOB_ENDED",
  "JOB_NOT_ENDED",
  "JOB_NOT_PROVEN",
  "NOTHING_TO_RETRY",
  "ORDER_EXPIRED",
  "EXECUTION_STATE",
  "ROLE_NOT_FOUND",
  "ROLE_INVALID",
  "URL_OUTLIVED",
  "LEGACY_UNSAFE",
  "AWS_ERROR",
  // the stand-in
  "LOCAL_NOT_RUNNING",
  "LOCAL_DIR_INVALID",
  "LOCAL_DIR_IN_USE",
  "FAULT_INVALID",
  "PORT_IN_USE",
  // the device
  "MQTT_UNREACHABLE",
  "MQTT_CLOSED",
  "REQUEST_REJECTED",
  "REQUEST_TIMED_OUT",
  "RESPONSE_INVALID",
  "IMAGE_NOT_VERIFIED",
  "SLOT_RUNNING",
  "SLOT_ACCESS",
  "BOOT_RECORD_INVALID",
  "TRIAL_OVER",
  "FALLBACK_MISSING",
  "STATE_INVALID",
  "STATE_ACCESS",
  "DEVICE_BUSY",
  "RUNNING_SLOT_UNKNOWN",
  // files, and what is printed
  "FILE_ACCESS",
  "OUTPUT_FAILED",
  // waiting
  "WAIT_TIMED_OUT",
  "INTERRUPTED",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface FotaErrorOptions {
  /** What the reader should do next, as one clause without a full stop. */
  hint?: Hint | undefined;
  /** Another library's error is reduced to its name, message, code, status and request id. */
  cause?: unknown;
}

const NAME = "FotaError";

/**
 * The one error class of fota. The message says what happened, with the values; the hint what to do about it. People
 * see `error: <message> (<CODE>)`, then `hint: <hint>`.
 */
export class FotaError extends Error {
  override readonly name = NAME;
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  /** The hint as data, where it has a command to type. */
  readonly advice: Advice | undefined;

  constructor(code: ErrorCode, message: string, options: FotaErrorOptions = {}) {
    super(
      message,
      options.cause === undefined
        ? undefined
        : { cause: isFotaError(options.cause) ? options.cause : reduceCause(options.cause) },
    );
    this.code = code;
    const { hint } = options;
    this.hint = hint === undefined ? undefined : hintText(hint);
    this.advice = typeof hint === "object" ? hint : undefined;
  }
}
// A stack begins with what these two say when the error is made; a bundler shortens the name of a class.
Object.defineProperty(FotaError, "name", { value: NAME });
Object.defineProperty(FotaError.prototype, "name", { value: NAME, configurable: true, writable: true });

/**
 * Whether `error` is a `FotaError`, and of `code` where one is given. Told by name and code, not by class: a bundle
 * may hold two copies of the class.
 */
export function isFotaError(error: unknown, code?: ErrorCode): error is FotaError {
  if (!(error instanceof Error) || error.name !== NAME || !("code" in error)) return false;
  return code === undefined || error.code === code;
}

/** What an error says to do, as it was given: to go on into another error or a result. */
export function hintOf({ advice, hint }: FotaError): Hint | undefined {
  return advice ?? hint;
}

/** The message of anything that was thrown; never throws itself. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
