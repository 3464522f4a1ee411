import type { Paint, Style } from "../terminal/paint.js";
import { wrapWords } from "../terminal/wrap.js";
import type { Diagnosis } from "./result.js";

type Status = Diagnosis["checks"][number]["status"];

const WORDS: Readonly<Record<Status, { word: string; style: Style }>> = {
  ok: { word: "ok", style: "green" },
  warn: { word: "warn", style: "yellow" },
  fail: { word: "FAIL", style: "red" },
  skipped: { word: "skip", style: "dim" },
};
const WORD_WIDTH = 4;
/** Fits fota's own check names; a longer one, with the name of a target in it, gets its own line. */
const NAME_WIDTH_MAX = 16;
const TEXT_WIDTH_MIN = 30;

/** Formats a line for each check, its hint below, and the totals at the end. */
export function formatDiagnosis({ checks, fixed }: Diagnosis, paint: Paint, columns: number): string {
  const nameWidth = Math.min(NAME_WIDTH_MAX, Math.max(...checks.map(({ check }) => check.length)));
  const indent = " ".repeat(WORD_WIDTH + nameWidth + 6);
  const room = Math.max(TEXT_WIDTH_MIN, columns - indent.length);
  const wrapped = (text: string) => wrapWords(text, room).replace(/\n/g, `\n${indent}`);
  const lines = checks.flatMap(({ check, status, message, hint }) => {
    const { word, style } = WORDS[status];
    const gap = check.length > nameWidth ? `\n${indent}` : "  ";
    const head = `  ${paint(style, word.padEnd(WORD_WIDTH))}  ${check.padEnd(nameWidth)}${gap}`;
    const text = status === "skipped" ? paint("dim", wrapped(message)) : wrapped(message);
    const advice = hint === undefined ? [] : [`${indent}${paint("cyan", wrapped(`→ ${hint}`))}`];
    return [`${head}${text}`, ...advice];
  });
  const count = (status: Status) => checks.filter((check) => check.status === status).length;
  const sum = [
    `${count("ok")} ok`,
    paintIf(paint, "yellow", count("warn"), count("warn") === 1 ? "warning" : "warnings"),
    paintIf(paint, "red", count("fail"), "failed"),
    `${count("skipped")} skipped`,
  ].join(", ");
  const repaired = fixed.length === 0 ? [] : [`fixed: ${fixed.join(", ")}`];
  return [...lines, "", sum, ...repaired].join("\n");
}

function paintIf(paint: Paint, style: Style, count: number, word: string): string {
  return count === 0 ? `0 ${word}` : paint(style, `${count} ${word}`);
}
