import type { TextSink } from "../host.js";

/** As wide and as high as a terminal counts that does not tell its size, or tells 0: a pty that nobody gave one. */
const USUAL_COLUMNS = 80;
const USUAL_ROWS = 24;
/** Below that a layout no longer gets narrower: the terminal breaks its lines. */
const LAYOUT_COLUMNS_MIN = 20;
/** Below that nothing moves. */
const ANIMATED_COLUMNS_MIN = 10;

/** Characters of a line of a terminal, at least 1. */
export function columnsOf({ columns }: TextSink): number {
  return isSize(columns) ? columns : USUAL_COLUMNS;
}

/** Lines of a terminal, at least 1. */
export function rowsOf({ rows }: TextSink): number {
  return isSize(rows) ? rows : USUAL_ROWS;
}

/** Characters that a line may be laid out for: without end where it is no terminal, so that nothing is cut in a file. */
export function layoutColumnsOf(sink: TextSink): number {
  if (sink.isTTY !== true && !isSize(sink.columns)) return Number.POSITIVE_INFINITY;
  return Math.max(LAYOUT_COLUMNS_MIN, columnsOf(sink));
}

/** Whether pictures can be drawn on it again and again. */
export function canRedraw(sink: TextSink, env: Readonly<Record<string, string | undefined>>): boolean {
  return sink.isTTY === true && env["TERM"] !== "dumb";
}

/**
 * Tells whether something may move there until a task ends. Not in a service that builds software, which may give its
 * jobs a terminal: what moves fills its log. Not where a spinner and a word have no room.
 */
export function canAnimate(sink: TextSink, env: Readonly<Record<string, string | undefined>>): boolean {
  return canRedraw(sink, env) && !env["CI"] && columnsOf(sink) >= ANIMATED_COLUMNS_MIN;
}

function isSize(size: number | undefined): size is number {
  return size !== undefined && Number.isFinite(size) && size >= 1;
}
