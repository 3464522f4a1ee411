// Reads docs/getting-started.md: its commands, its program and the outputs that it shows.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../pnpm.mjs";

export const PAGE = "docs/getting-started.md";
const SECOND_TERMINAL = "# second terminal\n";

/**
 * Returns the code blocks of the page. `kind` is `sh`, `ts` or `text` (an output); `inSecond` tells whether it is about the
 * second terminal; `file` is the name that the text before a program gives it.
 */
export function readBlocks() {
  const page = readFileSync(join(root, PAGE), "utf8");
  return [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(({ 1: kind, 2: text, index }) => {
    if (!["sh", "ts", "text"].includes(kind))
      throw new Error(`${PAGE}: cannot check a block of ${kind || "no language"}`);
    const [, file] = /Save this as `([\w./-]+)`:\n\n$/.exec(page.slice(0, index)) ?? [];
    if (kind === "ts" && file === undefined) throw new Error(`${PAGE} names no file for its program`);
    const inSecond = text.startsWith(SECOND_TERMINAL);
    return { kind, text: inSecond ? text.slice(SECOND_TERMINAL.length) : text, inSecond, file };
  });
}

/** Splits a block of shell commands at its line ends, except after a backslash. */
export function commandsOf(text) {
  return text.split(/(?<!\\)\n/).filter((line) => line.trim() !== "");
}

/** @throws if `output` does not hold what the page shows */
export function compare(shown, output) {
  if (!holds(shown, output)) throw new Error(`${PAGE} shows\n${shown}\nbut this came:\n${output}`);
}

/** Tells whether the lines of the page are in the output, in this sequence. `...` stands for any other lines. */
export function holds(shown, output) {
  const lines = `\n${masked(output)}\n`;
  let at = 0;
  return masked(shown)
    .split(/^\.\.\.$/m)
    .map((part) => part.replace(/^\n+|\n+$/g, ""))
    .filter((part) => part !== "")
    .every((part) => {
      const found = lines.indexOf(`\n${part}\n`, at);
      at = found + part.length + 1;
      return found >= 0;
    });
}

/** Replaces what differs from run to run. */
function masked(text) {
  return text
    .replace(/[ \t]+$/gm, "")
    .replace(/\b[0-9a-f]{64}\b/g, "<digest>")
    .replace(/(fota-\d+-\d+-\d+)-[0-9a-f]{10}\b/g, "$1-<id>")
    .replace(/\b\d{12}\b/g, "<account>")
    .replace(/(:iam::<account>):[\w/]+/g, "$1:<user>")
    .replace(/\/\S+\/gateway\//g, "<folder>/");
}
