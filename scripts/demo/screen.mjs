// What the demo prints: numbered steps, commands, and what the devices did meanwhile.
import { styleText } from "node:util";

export const paint = (style, text) => (process.stdout.isTTY ? styleText(style, text) : text);

let steps = 0;

/** Begins a step: what is about to happen, and why, before it happens. */
export function step(title, ...explanation) {
  steps += 1;
  heading(`${steps}  ${title}`);
  for (const line of explanation) console.log(`   ${paint("dim", line)}`);
  console.log();
}

export function heading(title) {
  console.log(`\n${paint(["bold", "cyan"], title)}`);
}

export function showCommand(args) {
  console.log(paint("bold", `$ fota ${args.join(" ")}`));
}

/** Shows a device's lines, one for a boot or a result; the phases of an update between them share a line. */
export function showDevice(name, lines) {
  let phases = [];
  const show = (text) => console.log(`   ${paint("magenta", name)}  ${text}`);
  const showPhases = () => {
    if (phases.length > 0) show(phases.join(", "));
    phases = [];
  };
  for (const line of lines) {
    const [, phase] = /^fota: info: (?:update: \w+ -> )?(\w+)$/.exec(line) ?? [];
    if (PHASES.includes(phase)) phases.push(phase);
    const [, result] = /^fota: info: job \S+: (.*)$/.exec(line) ?? [];
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
    console.log(`   ${index === 0 ? paint("dim", text.trimEnd()) : text.trimEnd()}`);
  }
}
