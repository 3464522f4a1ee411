import { type Advice, type Hint, hintText } from "./advice.js";
import { reduceCause } from "./cause.js";

/** Codes for wrong input on the command line or in fota.config.json. */
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
  "QUERY_INVALID",
] as const;

/**
 * All codes of a `FotaError`. Scripts depend on them, so a code is never renamed, and never reused for something else.
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
  "SIGNATURE_INVALID",
  "KEY_INVALID",
  "SIGNER_FAILED",
  "DOCUMENT_DIFFERS",
  // AWS, or the stand-in for it
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
  "INDEX_OFF",
  "IDENTITY_INVALID",
  "BUCKET_NOT_FOUND",
  "BUCKET_WRONG_REGION",
  "BUCKET_TAKEN",
  "JOB_NOT_FOUND",
  "JOB_AMBIGUOUS",
  "JOB_EXISTS",
  "JOB_ENDED",
  "JOB_NOT_ENDED",
  "JOB_NOT_PROVEN",
  "ROLLOUT_CHANGED",
  "NOTHING_TO_RETRY",
  "ORDER_EXPIRED",
  "EXECUTION_STATE",
  "PACKAGE_NOT_FOUND",
  "PACKAGE_DIFFERS",
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
  // files and output
  "FILE_ACCESS",
  "OUTPUT_FAILED",
  // waiting
  "WAIT_TIMED_OUT",
  "INTERRUPTED",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface FotaErrorOptions {
  /** What the reader should do next: begins with a verb, has no period at the end. */
  hint?: Hint | undefined;
  /** The error that caused this one. An error of another library is reduced by `reduceCause`. */
  cause?: unknown;
}

const NAME = "FotaError";

/**
 * The only error class of fota. The message says what failed and with which values, the hint what to do about it. The
 * command line prints `error: <message> (<CODE>)`, then `hint: <hint>`.
 */
export class FotaError extends Error {
  override readonly name = NAME;
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  /** The hint as data, if it has a command. */
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
// The stack begins with these names, and a bundler shortens the name of the class.
Object.defineProperty(FotaError, "name", { value: NAME });
Object.defineProperty(FotaError.prototype, "name", { value: NAME, configurable: true, writable: true });

/**
 * Tells whether `error` is a `FotaError` and, if `code` is given, has that code. Compares the name and not the class,
 * because a bundle may contain two copies of the class.
 */
export function isFotaError(error: unknown, code?: ErrorCode): error is FotaError {
  if (!(error instanceof Error) || error.name !== NAME || !("code" in error)) return false;
  return code === undefined || error.code === code;
}

/** Returns the hint of an error in its original form, to pass it on to another error or a result. */
export function hintOf({ advice, hint }: FotaError): Hint | undefined {
  return advice ?? hint;
}

/** Returns the message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
