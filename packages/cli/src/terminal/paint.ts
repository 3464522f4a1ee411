import { randomInt } from "node:crypto";
import type { TextSink } from "../host.js";
import { oneLine } from "./format.js";
import { startOf, widthOf } from "./width.js";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "magenta" | "cyan";
export type Paint = (style: Style, text: string) => string;

/**
 * Returns a painter with colors if `sink` is a terminal that allows them: `--no-color`, NO_COLOR, FORCE_COLOR,
 * TERM=dumb.
 */
export function painterFor(
  sink: TextSink,
  env: Readonly<Record<string, string | undefined>>,
  wanted: boolean,
): Paint {
  const colored =
    wanted &&
    !env["NO_COLOR"] &&
    (forced(env["FORCE_COLOR"]) ?? (sink.isTTY === true && env["TERM"] !== "dumb"));
  return colored
    ? (style, text) => `${mark(STYLES[style][0])}${text}${mark(STYLES[style][1])}`
    : (_style, text) => text;
}

function forced(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : value !== "0" && value !== "false";
}

/** Maps each style to the parameters of the control sequences that begin and end it. */
const STYLES: Readonly<Record<Style, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  magenta: [35, 39],
  cyan: [36, 39],
};

/**
 * Marks fota's own color sequences until the output layer removes it. The number is random, so a text from outside
 * cannot imitate such a sequence.
 */
const SECRET = randomInt(100_000_000, 1_000_000_000);
/** The source of a pattern for the sequences that `Paint` inserts; its group holds the parameter. */
export const COLOR_MARK = `\\x1b\\[${SECRET};(\\d+)m`;
const ALL_COLORS = new RegExp(COLOR_MARK, "g");
const ALL_COLORS_AND_END = new RegExp(`${COLOR_MARK}|$`, "g");
const RESET = 0;

function mark(parameter: number): string {
  return `\x1b[${SECRET};${parameter}m`;
}

/** Cuts a line to `width` columns; color sequences do not count and stay balanced. */
export function cutPainted(text: string, width: number): string {
  const line = oneLine(text);
  if (visibleWidth(line) <= width) return line;
  let shown = "";
  let left = Math.max(0, width - 1);
  let from = 0;
  let painted = false;
  for (const { 0: color, index } of line.matchAll(ALL_COLORS_AND_END)) {
    const part = startOf(line.slice(from, index), left);
    shown += part;
    left -= widthOf(part);
    if (part.length < index - from) break;
    shown += color;
    painted ||= color !== "";
    from = index + color.length;
  }
  return `${shown}…${painted ? mark(RESET) : ""}`;
}

/** Returns how many columns a line takes; color sequences do not count. */
export function visibleWidth(line: string): number {
  return widthOf(line.replace(ALL_COLORS, ""));
}
