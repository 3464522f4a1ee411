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
  /** The global options that were given, as words: the command that a hint names gets them. */
  globals?: readonly string[];
}

/**
 * Says on stderr what went wrong and returns the exit code. With `json` it is one line, `{"error": {code, message,
 * hint}}`, and always the last one: stdout stays for results.
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
    // A bug comes with its stack, line by line as it is.
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

/** Whatever else an interrupted command stumbled over, the interruption is why. */
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
 * What the system says of a file or folder: no fault of ours, also where nobody put it in better words before. Errors of
 * a file that is open already name no path.
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
