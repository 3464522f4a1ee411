import { FotaError } from "@fota/shared";
import { fitColumns, type Shrinkable } from "./fit-columns.js";
import { oneLine } from "./format.js";
import type { Paint, Style } from "./paint.js";
import { startOf, widthOf } from "./width.js";
import { wrapWords } from "./wrap.js";

export interface Column<Row> extends Shrinkable {
  /** Names the column in the head of the table and for `--columns`: lower case, words joined with `-`. */
  name: string;
  value(row: Row): string;
  style?(row: Row): Style | undefined;
  /** Aligns numbers to the right. */
  right?: boolean;
}

export interface Layout<Row> {
  head: string;
  line(row: Row): string;
}

const GAP = "  ";
/** A cut column keeps at least this width. */
const CUT_MIN = 12;

/** Says what happens to a row that is longer than the line: its last column is cut, or wrapped below itself. */
export type Fit = "cut" | "wrap";

/**
 * Formats a table with its head. Columns shrink if it is wider than `width`; a row that is still too long is cut in its
 * last column.
 */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  paint: Paint,
  width: number,
): string {
  const { head, line } = layoutOf(rows, columns, paint, width);
  return [head, ...rows.map(line)].join("\n");
}

/**
 * Returns a function that formats rows one by one, with the column widths of `sample`, so that a long list can be
 * streamed.
 */
export function layoutOf<Row>(
  sample: readonly Row[],
  all: readonly Column<Row>[],
  paint: Paint,
  width: number,
  fit: Fit = "cut",
): Layout<Row> {
  const wanted = all.map((column) =>
    sample.reduce((most, row) => Math.max(most, widthOf(oneLine(column.value(row)))), column.name.length),
  );
  const fitted = fitColumns(all, wanted, { width, gap: GAP.length });
  const columns = all.filter((_column, i) => fitted[i] !== undefined);
  const widths = fitted.flatMap((own) => own ?? []);
  const last = columns.length - 1;
  const before = widths.slice(0, last).reduce((sum, own) => sum + own + GAP.length, 0);
  const room = Math.max(width - before, CUT_MIN);
  const ended = (text: string) =>
    fit === "cut" ? cut(text, room) : wrapWords(text, room).replaceAll("\n", `\n${" ".repeat(before)}`);
  const cell = (text: string, i: number, right: boolean | undefined, style: Style | undefined) => {
    const own = widths[i] ?? 0;
    const shown = i === last ? ended(text) : columns[i]?.shrinkTo === undefined ? text : cut(text, own);
    const padding = " ".repeat(Math.max(0, own - widthOf(shown)));
    const painted = style === undefined || shown === "" ? shown : paint(style, shown);
    return right === true ? padding + painted : i === last ? painted : painted + padding;
  };
  return {
    head: columns.map(({ name, right }, i) => cell(name.toUpperCase(), i, right, "dim")).join(GAP),
    line: (row) =>
      columns
        .map((column, i) => cell(oneLine(column.value(row)), i, column.right, column.style?.(row)))
        .join(GAP)
        .trimEnd(),
  };
}

/** Formats CSV as in RFC 4180, except that lines end with a line feed. */
export function csvOf<Row>(columns: readonly Column<Row>[]): Layout<Row> {
  return {
    head: columns.map(({ name }) => csvField(name)).join(","),
    line: (row) => columns.map((column) => csvField(column.value(row))).join(","),
  };
}

/**
 * Returns the columns that `--columns` names, in the same order; without it, the `usual` ones.
 * @throws {FotaError} USAGE, listing all columns
 */
export function pickColumns<Row>(
  all: readonly Column<Row>[],
  usual: readonly string[],
  asked: string | undefined,
): Column<Row>[] {
  const names = asked === undefined ? usual : asked.split(",").map((name) => name.trim().toLowerCase());
  return names.map((name) => {
    const found = all.find((column) => column.name === name);
    if (found !== undefined) return found;
    throw new FotaError("USAGE", `there is no column ${JSON.stringify(name)}`, {
      hint: `give --columns some of ${all.map((column) => column.name).join(", ")}`,
    });
  });
}

/** Matches what a spreadsheet takes for a formula, also in the full-width forms of East Asian text. */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;
const NUMBER = /^[+-]?\d+(\.\d+)?$/;

function csvField(text: string): string {
  const line = oneLine(text); // a reader that works line by line must not see an extra row
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${line}` : line;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Cuts the text to one line of at most `width` columns. */
export function cut(text: string, width: number): string {
  const line = oneLine(text);
  return widthOf(line) <= width ? line : `${startOf(line, width - 1)}…`;
}
