import { clearLine, cursorTo, moveCursor } from "node:readline";
import ora from "ora";
import type { TextSink } from "../host.js";
import { cutPainted, type Paint } from "./paint.js";
import { columnsOf, rowsOf } from "./size.js";
import { neutralize } from "./text.js";

/** Animates the last lines of a terminal while a task runs. */
export interface Spinner {
  say(text: string): void;
  /** Removes the lines before other output; they return by themselves. */
  clear(): void;
  stop(): void;
}

/** Counts the columns of a frame and the space after it. */
const FRAME_COLUMNS = 2;

/** Starts a spinner on a terminal that `canAnimate`. */
export function startSpinner(stderr: TextSink, paint: Paint, first: string): Spinner {
  let text = first;
  const fittedText = () => fitText(text, stderr);
  const spinner = ora({
    text: fittedText(),
    stream: wrapForOra(stderr),
    isEnabled: true, // the caller has checked
    color: false, // ora reads the process's settings, not the command's flags
    discardStdin: false,
  });
  const { frames, ...chosen } = spinner.spinner;
  spinner.spinner = { ...chosen, frames: frames.map((frame) => neutralize(paint("cyan", frame))) };
  const refit = () => {
    spinner.text = fittedText();
  };
  stderr.on("resize", refit);
  spinner.start();
  return {
    say(now) {
      text = now;
      refit();
    },
    clear: () => void spinner.clear(),
    stop() {
      stderr.off("resize", refit);
      spinner.stop();
    },
  };
}

/** Cuts a text to what the terminal shows without wrapping: ora then erases as many lines as it drew. */
function fitText(text: string, stderr: TextSink): string {
  const columns = columnsOf(stderr);
  return text
    .split("\n")
    .slice(0, Math.max(1, rowsOf(stderr) - 1))
    .map((line, i) => neutralize(cutPainted(line, i === 0 ? columns - FRAME_COLUMNS : columns)))
    .join("\n");
}

/**
 * Wraps the terminal for ora. ora divides by the columns: with the 0 of a terminal without a size it would erase lines
 * endlessly. Ignores writes that fail.
 */
function wrapForOra(stderr: TextSink): TextSink {
  const write = stderr.write.bind(stderr); // before ora replaces it
  const terminal: TextSink = Object.create(stderr, {
    columns: { get: () => columnsOf(stderr) },
    rows: { get: () => rowsOf(stderr) },
    write: {
      writable: true, // ora intercepts writes of other code through it
      value(text: string) {
        try {
          return write(text);
        } catch {
          return true; // a full disk behind 2>
        }
      },
    },
    once: { value: stderr.once.bind(stderr) },
    removeListener: { value: stderr.removeListener.bind(stderr) },
    cursorTo: { value: (x: number) => cursorTo(terminal, x) },
    moveCursor: { value: (dx: number, dy: number) => moveCursor(terminal, dx, dy) },
    clearLine: { value: (direction: -1 | 0 | 1) => clearLine(terminal, direction) },
  });
  return terminal;
}
