import type { TextSink } from "../host.js";
import { cutPainted, visibleLength } from "./paint.js";
import { columnsOf, rowsOf } from "./size.js";
import { neutralize } from "./text.js";

/** A picture on a terminal that is drawn again and again in the same place, below what was there before. */
export interface Screen {
  /** Draws `text` over what was drawn last; what does not fit the terminal is cut. */
  draw(text: string): void;
  /** Takes away what was drawn last: whoever writes then writes in its place. */
  clear(): void;
  /** Leaves `text`, whole, as what stays; without it what was drawn last. Gives the cursor back. Safe to call twice. */
  close(text?: string): void;
}

const ESC = "\x1b";
const HIDE_CURSOR = `${ESC}[?25l`;
const SHOW_CURSOR = `${ESC}[?25h`;
const CLEAR_TO_END_OF_LINE = `${ESC}[K`;
const CLEAR_TO_END = `${ESC}[J`;

/** @param onResize called when the terminal has another size; who draws draws again */
export function openScreen(stdout: TextSink, onResize: () => void): Screen {
  let drawn: string[] = [];
  let open = true;
  let hidden = false;
  stdout.on("resize", onResize);
  // A process that is ended in the middle leaves the terminal as it was.
  const giveBack = () => {
    if (hidden) stdout.write(SHOW_CURSOR);
  };
  process.on("exit", giveBack);

  /** In one piece, and each line over the last one: a terminal that is cleared first flickers. */
  function show(lines: readonly string[], cursor: string): void {
    const text = lines.map((line) => `${neutralize(line)}${CLEAR_TO_END_OF_LINE}\n`).join("");
    const up = rowsTaken(drawn, columnsOf(stdout));
    hidden = cursor === HIDE_CURSOR;
    stdout.write(`${cursor}${up === 0 ? "" : `${ESC}[${up}A`}\r${text}${CLEAR_TO_END}`);
  }

  return {
    draw(text) {
      const columns = columnsOf(stdout);
      const rows = rowsOf(stdout) - 1; // the cursor stands below
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

/** Rows that lines take on a terminal that may have become narrower since. */
function rowsTaken(lines: readonly string[], columns: number): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(visibleLength(line) / columns)), 0);
}
