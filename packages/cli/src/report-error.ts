import { FotaError, hintText, isFotaError } from "@fota/shared";
import { CommanderError } from "commander";
import { EXIT, type ExitCode, exitCodeOf } from "./exit-code.js";
import { UsageError } from "./help/usage-error.js";
import type { Host } from "./host.js";
import { painterFor } from "./terminal/paint.js";
import { layoutColumnsOf } from "./terminal/size.js";
import { toJson, writeNotice } from "./terminal/text.js";
import { wrapWords } from "./terminal/wrap.js";

interface ReportOptions {
  json: boolean;
  color: boolean;
  /** Holds the given global options as words, to add to the command that a hint names. */
  globals?: readonly string[];
}

/**
 * Reports an error on stderr and returns the exit code. With `json` it prints one line, `{"error": {code, message,
 * hint}}`, always as the last line; stdout is for results only.
 */
export function reportError(
  error: unknown,
  host: Host,
  { json, color, globals = [] }: ReportOptions,
): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done; // --help, --version
  const known = host.signal.aborted ? asInterruption(error) : asFotaError(error);
  const { code, message } = known ?? { code: "BUG", message: textOf(error) };
  const hint = known === undefined ? BUG_HINT : known.advice ? hintText(known.advice, globals) : known.hint;
  const usage = error instanceof UsageError ? error.usage : undefined;
  if (json) {
    writeNotice(host.stderr, `${toJson({ error: { code, message, hint, usage } })}\n`);
  } else {
    const paint = painterFor(host.stderr, host.env, color);
    const wrapped = (text: string) => wrapWords(text, layoutColumnsOf(host.stderr));
    // A bug has its stack, line by line, unwrapped.
    const error = known ? wrapped(`error: ${message} (${code})`) : `error: ${message} (${code})`;
    const [, head = "", text = "", tail = ""] = /^(error:)(.*?)(\(\w+\))$/s.exec(error) ?? [];
    writeNotice(host.stderr, `${paint("red", head)}${text}${paint("dim", tail)}\n`);
    const more = { "usage:": usage, "hint:": hint };
    for (const [label, text] of Object.entries(more)) {
      if (text === undefined) continue;
      writeNotice(host.stderr, `${wrapped(`${label} ${text}`).replace(label, () => paint("cyan", label))}\n`);
    }
  }
  return known ? exitCodeOf(known.code) : EXIT.bug;
}

const BUG_HINT = "this is a bug in fota; please report it with the lines above";

/** Returns INTERRUPTED for any error of an interrupted command. */
function asInterruption(error: unknown): FotaError {
  return isFotaError(error, "INTERRUPTED") ? error : new FotaError("INTERRUPTED", "interrupted");
}

function asFotaError(error: unknown): FotaError | undefined {
  if (isFotaError(error)) return error;
  if (isSystemError(error)) {
    const hint = "check the path, its owner and mode, and the free space on its disk";
    return new FotaError("FILE_ACCESS", error.message, { hint, cause: error });
  }
  return undefined;
}

/**
 * Returns whether the error is the system's about a file or folder: not a bug in fota, even if no code gave it a better
 * message. Errors of a file that is open already name no path.
 */
function isSystemError(error: unknown): error is Error {
  if (!(error instanceof Error) || !("syscall" in error)) return false;
  const hasPath = "path" in error && typeof error.path === "string";
  return hasPath || ("code" in error && REFUSALS_OF_DISK.has(String(error.code)));
}

const REFUSALS_OF_DISK: ReadonlySet<string> = new Set([
  "EDQUOT",
  "EFBIG",
  "EIO",
  "EMFILE",
  "ENFILE",
  "ENOSPC",
  "EROFS",
]);

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
