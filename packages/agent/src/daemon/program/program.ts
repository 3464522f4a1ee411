import { parseArgs } from "node:util";
import {
  FotaError,
  isFotaError,
  messageOf,
  nearestOf,
  printableLines,
  USAGE_ERROR_CODES,
} from "@fota/shared";
import { AGENT_VERSION } from "../../core/agent-version.js";
import type { Host } from "./host.js";

/** A command of `fota-agent`. */
export interface Command {
  /** One line for the list of commands. */
  summary: string;
  /** What `fota-agent <command> --help` shows. */
  help: string;
  options: NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>["options"]>;
  /** Names of the arguments, all required. */
  args: readonly string[];
  run: (input: CommandInput, host: Host) => Promise<number>;
}

export interface CommandInput {
  values: Readonly<Record<string, string | boolean | undefined>>;
  args: readonly string[];
}

const COMMON = {
  config: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** Runs one command line. Returns the exit code: 0 done, 1 failed, 2 wrong usage or configuration, 70 a bug. */
export async function runProgram(
  argv: readonly string[],
  commands: Readonly<Record<string, Command>>,
  rawHost: Host,
): Promise<number> {
  const host = printableHost(rawHost);
  try {
    const [name = "", ...rest] = argv;
    if (name === "" || name === "--help" || name === "-h" || name === "help") {
      host.out(overview(commands));
      return name === "" ? 2 : 0;
    }
    if (name === "--version") {
      host.out(`${AGENT_VERSION}\n`);
      return 0;
    }
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (command === undefined) throw unknownCommand(name, Object.keys(commands));
    const { values, positionals } = parse(name, command, rest);
    if (values["help"] === true) {
      host.out(command.help);
      return 0;
    }
    checkArguments(name, command, positionals);
    return await command.run({ values, args: positionals }, host);
  } catch (error) {
    return reportError(error, host);
  }
}

/** All output of the commands goes through this: much of it quotes job documents, servers and executables. */
function printableHost(host: Host): Host {
  return {
    ...host,
    out: (text) => host.out(printableLines(text)),
    err: (text) => host.err(printableLines(text)),
  };
}

function parse(name: string, command: Command, args: string[]) {
  try {
    const parsed = parseArgs({ args, allowPositionals: true, options: { ...COMMON, ...command.options } });
    return parsed as { values: CommandInput["values"]; positionals: string[] };
  } catch (error) {
    throw usage(messageOf(error).split(/\.\s|\n/)[0] ?? "", name);
  }
}

function checkArguments(name: string, command: Command, args: readonly string[]): void {
  const missing = command.args[args.length];
  if (missing !== undefined) throw usage(`${missing} is missing`, name);
  const extra = args[command.args.length];
  if (extra !== undefined) throw usage(`unexpected argument ${extra}`, name);
}

function usage(message: string, name: string): FotaError {
  return new FotaError("USAGE", message, { hint: `run \`fota-agent ${name} --help\`` });
}

function unknownCommand(name: string, known: readonly string[]): FotaError {
  const [near] = nearestOf(name, known);
  return new FotaError("USAGE", `there is no command ${JSON.stringify(name)}`, {
    hint: `run \`fota-agent ${near ?? "--help"}\``,
  });
}

function overview(commands: Readonly<Record<string, Command>>): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: fota-agent <command> [options]

Firmware updates by AWS IoT Jobs, as a program. It reads /etc/fota/agent.json.

${lines.join("\n")}

Run \`fota-agent <command> --help\` for the options of a command, and
\`fota-agent --version\` for the version.
`;
}

function reportError(error: unknown, host: Host): number {
  if (!isFotaError(error)) {
    host.err(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 70;
  }
  host.err(`error: ${error.message} (${error.code})\n`);
  if (error.hint !== undefined) host.err(`hint: ${error.hint}\n`);
  return USAGE_ERROR_CODES.some((code) => code === error.code) ? 2 : 1;
}
