import { FotaError, isFotaError } from "@fota/shared";
import { CommanderError } from "commander";
import { EXIT, type ExitCode, exitCodeOf } from "./exit-code.js";
import { wrapWords } from "./format.js";
import type { Host } from "./host.js";
import { painterFor } from "./paint.js";

interface ReportOptions {
  json: boolean;
  color: boolean;
}

/**
 * Says on stderr what went wrong and returns the exit code. With `json` it is one line, `{"error": {code, message,
 * hint}}`, and always the last one: stdout stays for results.
 */
export function reportError(error: unknown, host: Host, { json, color }: ReportOptions): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done; // --help, --version
  const known = host.signal.aborted ? asInterruption(error) : asFotaError(error);
  const { code, message, hint } = known ?? { code: "BUG", message: textOf(error), hint: BUG_HINT };
  if (json) {
    host.stderr.write(`${JSON.stringify({ error: { code, message, hint } })}\n`);
  } else {
    const paint = painterFor(host.stderr, host.env, color);
    const wrapped = (text: string) => wrapWords(text, host.stderr.columns ?? Number.POSITIVE_INFINITY);
    const error = wrapped(`error: ${message} (${code})`);
    const [, head = "", text = "", tail = ""] = /^(error:)(.*?)(\(\w+\))$/s.exec(error) ?? [];
    host.stderr.write(`${paint("red", head)}${text}${paint("dim", tail)}\n`);
    if (hint !== undefined)
      host.stderr.write(`${wrapped(`hint: ${hint}`).replace("hint:", paint("cyan", "hint:"))}\n`);
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
  if (!(error instanceof CommanderError)) return undefined;
  return new FotaError("USAGE", error.message.replace(/^error: /, "").replace(/\n\(/, " ("), {
    hint: "`--help` after a command lists what it takes",
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
