import type { TextSink } from "../host.js";
import { cutPainted, visibleWidth } from "./paint.js";
import { columnsOf, rowsOf } from "./size.js";
import { neutralize } from "./text.js";

/** Draws a view on a terminal repeatedly in the same place, below earlier output. */
export interface Screen {
  /** Draws `text` over the previous view; cuts what does not fit the terminal. */
  draw(text: string): void;
  /** Removes the view, so that other output takes its place. */
  clear(): void;
  /** Leaves the whole `text`, or else the last view, on the terminal and restores the cursor. Safe to call twice. */
  close(text?: string): void;
}

const ESC = "\x1b";
const HIDE_CURSOR = `${ESC}[?25l`;
const SHOW_CURSOR = `${ESC}[?25h`;
const CLEAR_TO_END_OF_LINE = `${ESC}[K`;
const CLEAR_TO_END = `${ESC}[J`;

/** Opens a screen. @param onResize called when the size of the terminal changed; the caller draws again */
export function openScreen(stdout: TextSink, onResize: () => void): Screen {
  let drawn: string[] = [];
  let open = true;
  let hidden = false;
  stdout.on("resize", onResize);
  // Restore the terminal also when the process exits early.
  const giveBack = () => {
    if (hidden) stdout.write(SHOW_CURSOR);
  };
  process.on("exit", giveBack);

  /** Writes everything in one piece and each line over the last one: a terminal that is cleared first flickers. */
  function show(lines: readonly string[], cursor: string): void {
    const text = lines.map((line) => `${neutralize(line)}${CLEAR_TO_END_OF_LINE}\n`).join("");
    const up = rowsTaken(drawn, columnsOf(stdout));
    hidden = cursor === HIDE_CURSOR;
    stdout.write(`${cursor}${up === 0 ? "" : `${ESC}[${up}A`}\r${text}${CLEAR_TO_END}`);
  }

  return {
    draw(text) {
      const columns = columnsOf(stdout);
      const rows = rowsOf(stdout) - 1; // the cursor is on the line below
      const lines = text.split("\n").slice(0, rows);
      const cut = lines.map((line) => cutPainted(line, columns));
      show(cut, HIDE_CURSOR);
      drawn = cut;
    },
    clear() {
      if (drawn.length > 0) show([], SHOW_CURSOR);
      drawn = [];
    },
    close(text) {
      if (!open) return;
      open = false;
      stdout.off("resize", onResize);
      process.off("exit", giveBack);
      if (text === undefined) stdout.write(SHOW_CURSOR);
      else show(text.split("\n"), SHOW_CURSOR);
    },
  };
}

/** Returns how many rows the lines take on a terminal that may have become narrower since. */
function rowsTaken(lines: readonly string[], columns: number): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(visibleWidth(line) / columns)), 0);
}
