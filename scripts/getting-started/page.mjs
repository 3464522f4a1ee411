// Reads a page of docs that a test follows: its commands, its programs and the outputs that it shows.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../pnpm.mjs";

/** Is the first line of a block that is not about the first terminal. */
const PLACE = /^# (second terminal|on the device)\n/;

/**
 * Returns the code blocks of a page. `kind` is `sh`, `ts` or `text` (an output); `place` is what its first line says of
 * where it is typed or shown; `file` is the name that the text before a program gives it; `heading` is the one above.
 * @param page path from the root of the repository
 */
export function readBlocks(page) {
  const content = readFileSync(join(root, page), "utf8");
  return [...content.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(({ 1: kind, 2: text, index }) => {
    if (!["sh", "ts", "text"].includes(kind))
      throw new Error(`${page}: cannot check a block of ${kind || "no language"}`);
    const before = content.slice(0, index);
    const [, file] = /Save this as `([\w./-]+)`:\n\n$/.exec(before) ?? [];
    if (kind === "ts" && file === undefined) throw new Error(`${page} names no file for its program`);
    const [mark = "", place] = PLACE.exec(text) ?? [];
    const heading = [...before.matchAll(/^##+ (.*)$/gm)].at(-1)?.[1];
    return { kind, text: text.slice(mark.length), place, file, heading };
  });
}

/** Runs a command and checks its exit code: 0, or the one in a comment such as `# exits 3`. Returns its output. */
export async function perform(command, shell) {
  const expected = Number(/# exits (\d+)/.exec(command)?.[1] ?? 0);
  const { code, output } = await shell.run(command);
  if (code !== expected) throw new Error(`${command}: exit code ${code}, not ${expected}\n${output}`);
  return output;
}

/** Splits a block of shell commands at its line ends, except after a backslash. */
export function commandsOf(text) {
  return text.split(/(?<!\\)\n/).filter((line) => line.trim() !== "");
}

/** @throws if `output` does not hold what a page shows */
export function compare(shown, output) {
  if (!holds(shown, output)) throw new Error(`the page shows\n${shown}\nbut this came:\n${output}`);
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
