import { formatRows, oneLine } from "./format.js";
import { visibleWidth } from "./paint.js";

/**
 * Wraps a line at its spaces so that no line is longer than `columns`, not counting colors; a longer word stays whole.
 */
export function wrapWords(text: string, columns: number): string {
  return wrapIndented(text, columns, "");
}

/** Wraps a line in the same way, with `first` before it and `rest` before each further line. */
export function wrapIndented(text: string, columns: number, first: string, rest = first): string {
  let line = first;
  const lines: string[] = [];
  let isStart = true;
  for (const word of oneLine(text).split(" ")) {
    const longer = isStart ? `${line}${word}` : `${line} ${word}`;
    const goesOn = visibleWidth(longer) <= columns || (isStart && line.length <= rest.length);
    if (!goesOn) lines.push(line.trimEnd());
    line = goesOn ? longer : `${rest}${word}`;
    isStart = false;
  }
  return [...lines, line].join("\n");
}

/** Formats rows of a label and a value like `formatRows`, but wraps values that are longer than the line. */
export function formatWrappedRows(
  rows: readonly (readonly [label: string, value: string])[],
  paintLabel: (text: string) => string,
  columns: number,
): string {
  const labels = Math.max(...rows.map(([label]) => label.length));
  const wrapped = rows.flatMap(([label, value]) =>
    wrapWords(value, columns - labels - 4)
      .split("\n")
      .map((line, i) => [i === 0 ? label : "", line] as const),
  );
  return formatRows(wrapped, paintLabel);
}
