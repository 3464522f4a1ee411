import { commandLine, FotaError, type Hint, hintText } from "@fota/shared";
import type { Host } from "../host.js";
import { oneLine } from "./format.js";
import { type Paint, painterFor } from "./paint.js";
import { canAnimate, columnsOf, layoutColumnsOf } from "./size.js";
import type { Spinner } from "./spinner.js";
import { neutralize, toJson, writeNotice, writeResult } from "./text.js";
import { wrapWords } from "./wrap.js";

export interface OutputOptions {
  json: boolean;
  quiet: boolean;
  debug: boolean;
  color: boolean;
  /** Holds the given global options as words, to repeat in suggested command lines. */
  globals: readonly string[];
}

/** Shows the progress of a task; the last text stays on the screen until the task ends. */
export type Progress = (text: string) => void;

/**
 * Writes results to stdout and everything else to stderr. The terminal gets no control characters from a text except
 * fota's own colors.
 */
export interface Output {
  readonly json: boolean;
  /** Colors text for stdout, or leaves it plain. */
  readonly paint: Paint;
  /**
   * The current line width of stdout in characters; infinite if it is not a terminal, so that nothing is cut in a
   * file.
   */
  readonly columns: number;
  /** Has the same for stderr, where notes and questions go. */
  readonly notes: { readonly paint: Paint; readonly columns: number };
  /** True if `during` shows progress, so that a task knows whether computing it is useful. */
  readonly live: boolean;
  /** Formats a command line of fota to type next, with the global options that were given. */
  fota(...command: string[]): string;
  /** Formats a hint; its command is formatted by `fota`. */
  hintText(hint: Hint): string;
  /** Prints the result of a command, once: `data` as one JSON value with `--json`, else `text`. */
  result(data: unknown, text: string): void;
  /** Prints one of many results of a command that keeps running: one line each, as JSON with `--json`. */
  line(data: unknown, text: string): void;
  /** With `--json`, prints many results at once: one line each, in one write. */
  jsonLines(data: readonly unknown[]): void;
  /** Prints progress for a user who watches: silent with `--quiet` and `--json`. */
  note(text: string): void;
  /** Prints a warning: never silent. */
  warn(text: string): void;
  /** With `--debug`, prints details line by line, also with `--quiet` and `--json`. */
  readonly debug: ((text: string) => void) | undefined;
  /** Prints what to do about a warning: silent with `--quiet` and `--json`. */
  advise(hint: Hint): void;
  /** True if a user can answer questions. A CI service may give its jobs a terminal, but no user is there. */
  readonly canAsk: boolean;
  /** Asks for a line of text and trims it. @throws {FotaError} INTERRUPTED */
  ask(question: string): Promise<string>;
  /** Asks for a secret, which is not shown. Keeps its blanks. @throws {FotaError} INTERRUPTED */
  askSecretly(question: string): Promise<string>;
  /** Asks a yes/no question. @throws {FotaError} INTERRUPTED */
  confirm(question: string): Promise<boolean>;
  /** Runs a task with a spinner on a terminal, silently elsewhere. */
  during<T>(text: string, task: (progress: Progress) => Promise<T>): Promise<T>;
}

export function createOutput(host: Host, { json, quiet, debug, color, globals }: OutputOptions): Output {
  const { stdout, stderr } = host;
  const paint = painterFor(stdout, host.env, color);
  const paintError = painterFor(stderr, host.env, color);
  const isWatched = stderr.isTTY === true && !json && !quiet;
  const live = isWatched && !debug && canAnimate(stderr, host.env); // lines of --debug would break up the spinner
  let spinner: Spinner | undefined;

  function write(text: string): void {
    spinner?.clear();
    writeResult(stdout, text);
  }

  function tell(text: string): void {
    spinner?.clear();
    writeNotice(stderr, `${text}\n`);
  }

  /** Asks for a line. With `isSecret`, readline writes to nothing: neither the question nor the answer. */
  async function askLine(question: string, isSecret: boolean): Promise<string> {
    const { createInterface } = await import("node:readline/promises");
    // readline computes with the width: with 0 it would move the cursor endlessly.
    const columns = { get: () => columnsOf(stderr) };
    const output: typeof stderr = Object.create(stderr, {
      columns,
      ...(isSecret && { write: { value: () => true } }),
    });
    const terminal = createInterface({ input: host.stdin, output, ...(isSecret && { terminal: true }) });
    // In raw mode, Ctrl-C is a key and not a signal: it interrupts the question.
    const interrupted = new AbortController();
    terminal.on("SIGINT", () => interrupted.abort());
    const signal = AbortSignal.any([host.signal, interrupted.signal]);
    try {
      const answer = terminal.question(`${neutralize(question)} `, { signal });
      // Only now: from here on, the terminal does not show what is typed.
      if (isSecret) writeNotice(stderr, `${question} `);
      return await answer;
    } catch (cause) {
      tell("");
      throw new FotaError("INTERRUPTED", "interrupted; nothing was changed", { cause });
    } finally {
      terminal.close();
      if (isSecret) tell("");
    }
  }

  async function ask(question: string): Promise<string> {
    return (await askLine(question, false)).trim();
  }

  return {
    json,
    paint,
    get columns() {
      return layoutColumnsOf(stdout);
    },
    notes: {
      paint: paintError,
      get columns() {
        return layoutColumnsOf(stderr);
      },
    },
    live,
    fota: (...command) => commandLine(command, globals),
    hintText: (hint) => hintText(hint, globals),
    canAsk: isWatched && host.stdin.isTTY === true && !host.env["CI"],
    result(data, text) {
      write(json ? `${toJson(data, stdout.isTTY === true ? 2 : undefined)}\n` : `${text}\n`);
    },
    jsonLines(data) {
      if (json && data.length > 0) write(data.map((one) => `${toJson(one)}\n`).join(""));
    },
    line(data, text) {
      write(json ? `${toJson(data)}\n` : `${text}\n`);
    },
    note(text) {
      if (!json && !quiet) tell(text);
    },
    warn(text) {
      tell(wrapWords(`${paintError("yellow", "warning:")} ${text}`, layoutColumnsOf(stderr)));
    },
    advise(hint) {
      if (json || quiet) return;
      const text = hintText(hint, globals);
      tell(wrapWords(`${paintError("cyan", "hint:")} ${text}`, layoutColumnsOf(stderr)));
    },
    debug: debug ? (text) => tell(paintError("dim", `debug: ${oneLine(text)}`)) : undefined,
    ask,
    askSecretly: (question) => askLine(question, true),
    async confirm(question) {
      return /^y(es)?$/i.test(await ask(`${question} [y/N]`));
    },
    async during(text, task) {
      if (!live) return await task(() => {});
      const { startSpinner } = await import("./spinner.js");
      spinner?.stop();
      const own = startSpinner(stderr, paintError, text);
      spinner = own;
      try {
        return await task((progress) => own.say(progress));
      } finally {
        own.stop();
        spinner = undefined;
      }
    },
  };
}
