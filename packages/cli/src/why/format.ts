import type { Paint } from "../terminal/paint.js";
import { formatWrappedRows, wrapIndented, wrapWords } from "../terminal/wrap.js";
import type { Explanation } from "./result.js";

/** The answer in its first line, what it is seen by below, then what else there is and what to do. */
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
    listed("not seen:", unknown, paint, columns),
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

/** Lines after the first stand below its text. */
function indented(text: string, columns: number): string {
  return wrapIndented(text, columns, "  ", "    ");
}
