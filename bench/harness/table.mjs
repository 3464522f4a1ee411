// Rows of a report as a table for people.

const HEAD = ["", "unit", "ours", "peer", "bare", "ratio", "low to high", "goal", ""];
/** Columns of numbers end at the same place. */
const NUMBERS = new Set([2, 3, 4, 5]);

/** Formats reports, `{ name, rows }` each, as one table: each begins with its name. */
export function formatReports(reports) {
  const lines = reports.map(({ name, rows }) => [name, rows.map(formatCells)]);
  const all = [HEAD, ...lines.flatMap(([, cells]) => cells)];
  const widths = HEAD.map((_, column) => Math.max(...all.map((cells) => cells[column].length)));
  const format = (cells) =>
    cells
      .map((cell, column) => pad(cell, column, widths[column]))
      .join("  ")
      .trimEnd();
  const parts = lines.map(([name, cells]) => [name, ...cells.map((row) => `  ${format(row)}`)].join("\n"));
  return [`  ${format(HEAD)}`, ...parts].join("\n");
}

function formatCells({ what, unit, ours, peer, bare, ratio, low, high, goal, met }) {
  const range = low === high ? "" : `${formatNumber(low)} to ${formatNumber(high)}`;
  const verdict = met === undefined ? (goal === undefined ? "" : "not measured") : met ? "met" : "MISSED";
  return [what, unit, ...[ours, peer, bare, ratio].map(formatNumber), range, formatGoal(goal), verdict];
}

function formatGoal(goal) {
  if (goal === undefined) return "";
  const { atMost, atLeast, of } = goal;
  const limit = atMost === undefined ? `>= ${atLeast}` : `<= ${atMost}`;
  return of === undefined ? limit : `${limit} x ${of}`;
}

/** Formats a number with two or three digits. */
function formatNumber(value) {
  if (value === undefined) return "";
  const size = Math.abs(value);
  if (size < 0.1) return value === 0 ? "0" : value.toPrecision(2);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

function pad(cell, column, width) {
  return NUMBERS.has(column) ? cell.padStart(width) : cell.padEnd(width);
}
