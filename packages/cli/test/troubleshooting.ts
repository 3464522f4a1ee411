import { CAUSES, ERROR_CODES, type ErrorCode } from "@fota/shared";
import { CAUSE_TABLE } from "../src/causes/cause-table.js";
import { EXIT_MEANINGS, exitCodeOf } from "../src/exit-code.js";
import { ERROR_MEANINGS } from "./error-meanings.js";

const HEAD = `# Troubleshooting

Made from the tables that the code uses: \`npx vitest run packages/cli/test/manual -u\` writes it again.

| you see | run |
| --- | --- |
| a command that fails before a job exists | the command in its \`hint:\`, then \`fota doctor\`, which finds what blocks a publish |
| a thing that stays QUEUED, or a job that waits | \`fota why <job> --thing <name>\`, which names the cause and the next command |
| FAILED or REJECTED | \`fota status <job>\`: it shows the cause. The tables below say what helps |
| a device that does not connect | the device's own log, then the codes of [the device](#error-codes) below |
| "the proxy ... refuses" or "cannot be reached" | for a device [this table](networks.md#a-device-behind-a-proxy), for a command [this list](networks.md#behind-a-proxy) |
| exit code 70 | the same command with \`--debug\`, and report the output as a bug |
`;

const CAUSES_INTRO = `## Causes that devices report

The device reports one of these as \`reason\` when an update ends FAILED or REJECTED. \`fota status\`, \`fota why\` and
\`fota show\` print it with \`detail\`, \`expected\` and \`actual\`. The last column says whether \`fota retry\`, which
publishes the same image with a fresh URL, can succeed after the fix.`;

const CODES_INTRO = `## Error codes

A command or the agent prints \`error: <message> (<CODE>)\`, then a hint with the values of your case. With \`--json\`,
both are in \`error\` on the last line of stderr. Codes are never renamed, so a script may test for them.`;

/** docs/troubleshooting.md: each cause that a device reports, each error code, and what helps. */
export function troubleshooting(): string {
  return [
    HEAD,
    CAUSES_INTRO,
    "",
    ...table(
      ["cause", "what happened", "what helps", "retry"],
      CAUSES.map((cause) => {
        const { what, advice, canPass } = CAUSE_TABLE[cause];
        return [`\`${cause}\``, markCode(what), markCode(advice), canPass ? "yes" : "no"];
      }),
    ),
    "",
    CODES_INTRO,
    "",
    ...table(
      ["code", "what happened", "what helps", "exit code"],
      ERROR_CODES.map((code) => rowOf(code)),
    ),
    "",
    `Exit codes: 1 ${EXIT_MEANINGS.failed}, 2 ${EXIT_MEANINGS.usage}, 130 ${EXIT_MEANINGS.interrupted}.`,
    "",
  ].join("\n");
}

function rowOf(code: ErrorCode): string[] {
  const { means, helps } = ERROR_MEANINGS[code];
  return [`\`${code}\``, means, helps, `${exitCodeOf(code)}`];
}

const CODE =
  /--[a-z][a-z-]*(?: (?:any|iot))?|\bbc_\w+|\b[a-z]+[A-Z]\w*(?:: false)?|\b\d=\w+\.bin\b|\bfota-boot\b|\bdetail\b|\bactual\b/g;

/** Marks options, keys of a document and names of the agent's interface, which the tables of the code have as text. */
function markCode(text: string): string {
  return text.replace(CODE, "`$&`");
}

function table(head: readonly string[], rows: readonly string[][]): string[] {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}
