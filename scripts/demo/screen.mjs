// Prints the demo's output: numbered steps, commands, and what the devices did meanwhile.
import { styleText } from "node:util";

const paint = (style, text) => (process.stdout.isTTY ? styleText(style, text) : text);

const INDENT = "   ";
let steps = 0;

/** Begins a step: says what will happen, and why. */
export function step(title, explanation) {
  steps += 1;
  heading(`${steps}  ${title}`);
  say(explanation, "dim");
  console.log();
}

/** Prints a text below a heading, wrapped to the terminal. */
export function say(text, style = "reset") {
  const width = Math.min(process.stdout.columns ?? 100, 100) - INDENT.length;
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = `${lines.at(-1)} ${word}`.trim();
    if (line.length > width) lines.push(word);
    else lines[lines.length - 1] = line;
  }
  for (const line of lines) console.log(`${INDENT}${paint(style, line)}`);
}

export function heading(title) {
  console.log(`\n${paint(["bold", "cyan"], title)}`);
}

export function showCommand(args) {
  console.log(paint("bold", `$ fota ${args.join(" ")}`));
}

/** Shows a device's lines, one for a boot or a result; the update phases between them share a line. */
export function showDevice(name, lines) {
  let phases = [];
  const show = (text) => console.log(`${INDENT}${paint("magenta", name)}  ${text}`);
  const showPhases = () => {
    if (phases.length > 0) show(phases.join(", "));
    phases = [];
  };
  for (const line of lines) {
    const [, phase] = /^fota: info: (?:update: \w+ -> )?(\w+)$/.exec(line) ?? [];
    if (PHASES.includes(phase)) phases.push(phase);
    const [, result] = /^fota: \w+: job \S+: ((?:SUCCEEDED|FAILED|REJECTED).*)$/.exec(line) ?? [];
    if (line.startsWith("fota: info:") && result === undefined) continue;
    showPhases();
    show(result === undefined ? line : paint(result === "SUCCEEDED" ? "green" : "red", result));
  }
  showPhases();
}

const PHASES = ["downloading", "verifying", "installing", "restarting", "confirming"];

export function showTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const [index, row] of rows.entries()) {
    const text = row.map((cell, column) => cell.padEnd(widths[column])).join("  ");
    console.log(`${INDENT}${index === 0 ? paint("dim", text.trimEnd()) : text.trimEnd()}`);
  }
}
