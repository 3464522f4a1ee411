import type { Paint } from "../terminal/paint.js";
import { formatWrappedRows, wrapIndented, wrapWords } from "../terminal/wrap.js";
import type { Explanation } from "./result.js";

/** Formats the answer on the first line, its evidence below, then other findings and next commands. */
export function formatExplanation(explanation: Explanation, paint: Paint, columns: number): string {
  const { explanation: answer, cause, reason, evidence, also, unknown, next } = explanation;
  const code = reason === null || reason === cause ? cause : `${cause}, ${reason}`;
  const rows = [["cause", code] as const, ...evidence.map(({ name, value }) => [name, value] as const)];
  const parts = [
    paint("bold", wrapWords(`${answer}.`, columns)),
    formatWrappedRows(rows, (text) => paint("dim", text), columns),
    listed(
      "also:",
      also.map((each) => each.explanation),
      paint,
      columns,
    ),
    listed("could not be read:", unknown, paint, columns),
    formatNext(next, paint, columns),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function formatNext(next: Explanation["next"], paint: Paint, columns: number): string {
  if (next.length === 0) return "";
  const lines = next.map(({ command, why }) =>
    command === null
      ? indented(`- ${why}`, columns)
      : `  ${paint("cyan", command)}\n${indented(`  ${paint("dim", why)}`, columns)}`,
  );
  return [paint("bold", "next:"), ...lines].join("\n");
}

function listed(head: string, lines: readonly string[], paint: Paint, columns: number): string {
  if (lines.length === 0) return "";
  return [paint("bold", head), ...lines.map((line) => indented(`- ${line}`, columns))].join("\n");
}

/** Indents the lines after the first to align below its text. */
function indented(text: string, columns: number): string {
  return wrapIndented(text, columns, "  ", "    ");
}
