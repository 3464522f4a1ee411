import type { TextSink } from "../host.js";

/** The assumed size of a terminal that reports none, or 0, such as a pty whose size was never set. */
const USUAL_COLUMNS = 80;
const USUAL_ROWS = 24;
/** A layout does not get narrower than this: the terminal wraps its lines. */
const LAYOUT_COLUMNS_MIN = 20;
/** On a narrower terminal, nothing is animated. */
const ANIMATED_COLUMNS_MIN = 10;

/** Returns the columns of a terminal, at least 1. */
export function columnsOf({ columns }: TextSink): number {
  return isSize(columns) ? columns : USUAL_COLUMNS;
}

/** Returns the rows of a terminal, at least 1. */
export function rowsOf({ rows }: TextSink): number {
  return isSize(rows) ? rows : USUAL_ROWS;
}

/** Returns the line width for a layout: infinite if it is not a terminal, so that nothing is cut in a file. */
export function layoutColumnsOf(sink: TextSink): number {
  if (sink.isTTY !== true && !isSize(sink.columns)) return Number.POSITIVE_INFINITY;
  return Math.max(LAYOUT_COLUMNS_MIN, columnsOf(sink));
}

/** Returns whether a view can be redrawn in place. */
export function canRedraw(sink: TextSink, env: Readonly<Record<string, string | undefined>>): boolean {
  return sink.isTTY === true && env["TERM"] !== "dumb";
}

/**
 * Returns whether an animation may run until a task ends. Not in a CI service, which may give its jobs a terminal:
 * animation fills its log. Not if there is no room for a spinner and a word.
 */
export function canAnimate(sink: TextSink, env: Readonly<Record<string, string | undefined>>): boolean {
  return canRedraw(sink, env) && !env["CI"] && columnsOf(sink) >= ANIMATED_COLUMNS_MIN;
}

function isSize(size: number | undefined): size is number {
  return size !== undefined && Number.isFinite(size) && size >= 1;
}
