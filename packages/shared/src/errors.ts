import { type Advice, type Hint, hintText } from "./advice.js";
import { reduceCause } from "./cause.js";
import type { ErrorCode } from "./fota-error-codes.js";
import { printable } from "./printable.js";

export interface FotaErrorOptions {
  /** What the reader should do next: begins with a verb, has no period at the end. */
  hint?: Hint | undefined;
  /** The error that caused this one. An error of another library is reduced by `reduceCause`. */
  cause?: unknown;
}

const NAME = "FotaError";

/**
 * The only error class of fota. The message says what failed and with which values, the hint what to do about it. The
 * command line prints `error: <message> (<CODE>)`, then `hint: <hint>`. All texts are printable, also those of causes:
 * a log of the error quotes what a server, a broker or a job document says.
 */
export class FotaError extends Error {
  override readonly name = NAME;
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  /** The hint as data, if it has a command. */
  readonly advice: Advice | undefined;

  constructor(code: ErrorCode, message: string, options: FotaErrorOptions = {}) {
    super(
      printable(message),
      options.cause === undefined
        ? undefined
        : { cause: isFotaError(options.cause) ? options.cause : reduceCause(options.cause) },
    );
    this.code = code;
    const { hint } = options;
    this.hint = hint === undefined ? undefined : printable(hintText(hint));
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
