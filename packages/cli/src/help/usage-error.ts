import { FotaError, nearestOf } from "@fota/shared";
import type { Command, CommanderError } from "commander";
import { visibleOptionsOf } from "./configure.js";
import { pathOf, withAncestors } from "./subcommands.js";

/** Reports wrong usage of a command, with its usage line. */
export class UsageError extends FotaError {
  readonly usage: string;

  constructor(message: string, { usage, hint }: { usage: string; hint: string }) {
    super("USAGE", message, { hint });
    this.usage = usage;
  }
}

/** Translates commander's error, with the usage line and near names if a name is unknown. */
export function usageErrorOf({ code, message }: CommanderError, command: Command): UsageError {
  if (code === "commander.help") return usageError("no command is given", command);
  const text = plainText(message);
  const [, unknown = ""] = /^error: unknown (?:option|command) '(.+)'$/s.exec(message) ?? [];
  if (code === "commander.unknownCommand") {
    return usageError(text, command, nearestOf(unknown, commandNames(command)));
  }
  const near = code === "commander.unknownOption" ? nearestOf(unknown, optionNames(command)) : [];
  return optionError(text, command, near);
}

/** Commander's sentences that need a second reading, and ours. */
const PLAIN_TEXTS: readonly [RegExp, string][] = [
  [
    /^command-argument value '(.*)' is invalid for argument '(.*)'\. Allowed choices are (.*)$/s,
    '$2 must be $3, got "$1"',
  ],
  [
    /^option '(?:-\w, )?(--[\w-]+).*' argument '(.*)' is invalid\. Allowed choices are (.*)$/s,
    '$1 must be $3, got "$2"',
  ],
  [/^option '(.*)' argument missing$/s, "$1 needs a value"],
  [/^required option '(.*)' not specified$/s, 'missing required option "$1"'],
];

/** Returns the message of commander as an error of ours: choices end with "or", quotes are double ones. */
function plainText(message: string): string {
  const text = message.replace(/^error: /, "").replace(/\.$/, "");
  for (const [pattern, plain] of PLAIN_TEXTS) {
    const [whole, ...parts] = pattern.exec(text) ?? [];
    if (whole === undefined) continue;
    const named = parts.map((part) => part.replace(/, ([^,]*)$/, " or $1"));
    return plain.replace(/\$(\d)/g, (_match, n) => named[Number(n) - 1] ?? "");
  }
  return text.replace(/'([^']*)'/g, '"$1"');
}

/** Returns an error of wrong usage of `command`; `near` lists the names that the user may have meant. */
export function usageError(message: string, command: Command, near: readonly string[] = []): UsageError {
  if (command.parent !== null) return optionError(message, command, near);
  return errorOf(message, command, near, "run `fota --help` to see all commands");
}

function optionError(message: string, command: Command, near: readonly string[]): UsageError {
  const page = command.parent === null ? "fota help options" : `fota ${pathOf(command)} --help`;
  const parts = command.commands.length > 0 && command.parent !== null ? "commands" : "options";
  return errorOf(message, command, near, `run \`${page}\` to see all ${parts}`);
}

function errorOf(message: string, command: Command, near: readonly string[], otherwise: string): UsageError {
  const usage = command.createHelp().commandUsage(command);
  const hint = near.length === 0 ? otherwise : `did you mean ${near.join(" or ")}?`;
  return new UsageError(message, { usage, hint });
}

export function commandNames(program: Command): string[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((each) => each.name());
}

function optionNames(command: Command): string[] {
  return withAncestors(command)
    .flatMap(visibleOptionsOf)
    .flatMap(({ long }) => long ?? []);
}
