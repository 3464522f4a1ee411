import { type Field, listFields } from "../packages/agent/src/daemon/config/fields.js";

/** Returns the tables of docs/agent.md: each key of the configuration with its variable of the environment. */
export function agentReference(): string {
  const rows = listFields().map((field) => [
    `\`${field.keys.join(".")}\``,
    meaningOf(field).replaceAll("|", "\\|"),
    `\`${field.variable.slice("FOTA_AGENT_".length)}\``,
  ]);
  const head = ["key", "meaning", "`FOTA_AGENT_`..."];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function meaningOf({ keys, description, isRequired, default: value, choices, types }: Field): string {
  const parts = [
    description,
    choices === undefined ? "" : `: ${choices.map((choice) => `\`${choice}\``).join(", ")}`,
    isRequired && keys.length === 1 ? " (required)" : "",
    isRequired && keys.length > 1 && types === undefined && value === undefined && choices === undefined
      ? ` (required with \`${keys[0]}\`)`
      : "",
    value === undefined || typeof value === "object" ? "" : ` (default: ${String(value)})`,
    types === undefined ? "" : `. For ${types.map((type) => `\`${type}\``).join(", ")}`,
  ];
  return parts.join("");
}
