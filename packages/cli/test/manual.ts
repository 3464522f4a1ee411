import { ERROR_CODES } from "@fota/shared";
import type { Command } from "commander";
import type { GenericSchema } from "valibot";
import { EXIT, EXIT_MEANINGS, exitCodeOf } from "../src/exit-code.js";
import { optionsPage } from "../src/help/options-page.js";
import { pathOf } from "../src/help/subcommands.js";
import type { Host } from "../src/host.js";
import { createProgram } from "../src/program.js";
import { RESULTS } from "../src/results.js";

const HEAD = `# The command line

Made from the definitions that the code uses: \`npx vitest run packages/cli/test/manual -u\` writes it again.

`;

/** docs/cli.md: each command as its \`--help\` says it, with the shape of its \`--json\`; exit codes; error codes. */
export function manual(): string {
  const host = { env: {}, stdout: { columns: 80, write: () => true } } as unknown as Host;
  const program = createProgram(
    () => Promise.reject(new Error("no command runs")),
    host,
    () => {},
  );
  const sections = [
    ["## fota", "", block("", helpOf(program))],
    [
      "## Global options",
      "",
      "`fota help options` prints",
      "",
      block("", helpOf(optionsPage(program, host))),
    ],
    ...program.commands.flatMap((command) => sectionOf(command)),
    ["## Exit codes", "", ...exitCodes()],
    ["## Error codes", "", ...errorCodes()],
  ];
  return `${HEAD}${[contentsOf(sections), ...sections].map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

/** The headings of the sections as links, on one line: a table of that many rows hides the first section. */
function contentsOf(sections: readonly string[][]): string[] {
  const titles = sections.flatMap(([heading = ""]) => (heading.startsWith("## ") ? [heading.slice(3)] : []));
  return [titles.map((title) => `[${title}](#${anchorOf(title)})`).join(" · ")];
}

/** Returns the anchor that GitHub gives a heading. */
export function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w\s-]/g, "")
    .replaceAll(" ", "-");
}

function sectionOf(command: Command): string[][] {
  const name = pathOf(command);
  if (name === "help" || hidden(command)) return [];
  if (command.commands.length > 0) {
    return [[`## fota ${name}`, "", block("", helpOf(command))], ...command.commands.flatMap(sectionOf)];
  }
  const results = RESULTS.filter(({ command: line }) => line === name || line.startsWith(`${name} `));
  const shapes = results.flatMap(({ command: line, schema }) => [
    "",
    `\`fota ${line} --json\` prints`,
    "",
    block("ts", shapeOf(schema, "").text),
  ]);
  return [[`## fota ${name}`, "", block("", helpOf(command)), ...shapes]];
}

/** commander keeps it to itself. */
function hidden(command: Command): boolean {
  return (command as unknown as { _hidden: boolean })._hidden;
}

function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (piece) => {
      text += piece;
    },
    getOutHelpWidth: () => 80,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trimEnd();
}

function exitCodes(): string[] {
  const rows = Object.entries(EXIT).map(
    ([name, code]) => `| ${code} | ${EXIT_MEANINGS[name as keyof typeof EXIT]} |`,
  );
  return ["| code | meaning |", "| --- | --- |", ...rows];
}

function errorCodes(): string[] {
  const intro =
    'A failure\'s last line on stderr with `--json` is `{"error": {code, message, hint}}`, with `usage` too when a command was used wrongly. Codes are never renamed.';
  const rows = Object.values(EXIT).flatMap((exit) => {
    const codes = ERROR_CODES.filter((code) => exitCodeOf(code) === exit);
    return codes.length === 0 ? [] : [`| ${exit} | ${codes.map((code) => `\`${code}\``).join(", ")} |`];
  });
  return [intro, "", "| exit code | error codes |", "| --- | --- |", ...rows];
}

function block(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

interface Shape {
  text: string;
  note: string | undefined;
}

/** A schema as people read a type, what it says of a part beside it. */
function shapeOf(schema: GenericSchema, indent: string): Shape {
  const node = schema as unknown as SchemaNode;
  const note = node.pipe?.find((item) => item.type === "description")?.description;
  switch (node.type) {
    case "optional":
    case "exact_optional":
      return shapeOf(node.wrapped, indent);
    case "nullable": {
      const inner = shapeOf(node.wrapped, indent);
      return { text: `${inner.text} | null`, note: note ?? inner.note };
    }
    case "array": {
      const inner = shapeOf(node.item, indent);
      const text =
        node.item.type === "union" || node.item.type === "picklist" ? `(${inner.text})` : inner.text;
      return { text: `${text}[]`, note: note ?? inner.note };
    }
    case "record":
      return { text: `{ [name: string]: ${shapeOf(node.value, indent).text} }`, note };
    case "union":
      return {
        text: node.options.map((option) => shapeOf(option as GenericSchema, indent).text).join(" | "),
        note,
      };
    case "picklist":
      return { text: node.options.map((option) => JSON.stringify(option)).join(" | "), note };
    case "literal":
      return { text: JSON.stringify(node.literal), note };
    case "strict_object":
    case "object":
      return { text: objectShape(node.entries, indent), note };
    default:
      return { text: node.type, note };
  }
}

function objectShape(entries: Record<string, GenericSchema>, indent: string): string {
  const deeper = `${indent}  `;
  const lines = Object.entries(entries).map(([key, value]) => {
    const { text, note } = shapeOf(value, deeper);
    const said = note === undefined ? [] : [`${deeper}// ${note}`];
    return [...said, `${deeper}${key}${value.type.endsWith("optional") ? "?" : ""}: ${text}`].join("\n");
  });
  return ["{", ...lines, `${indent}}`].join("\n");
}

/** What of valibot's schemas is read here. */
interface SchemaNode {
  type: string;
  pipe?: { type: string; description?: string }[];
  wrapped: GenericSchema;
  item: GenericSchema;
  value: GenericSchema;
  options: unknown[];
  literal: unknown;
  entries: Record<string, GenericSchema>;
}
