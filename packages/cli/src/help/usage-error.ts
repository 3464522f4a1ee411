import { FotaError } from "@fota/shared";
import type { Command, CommanderError } from "commander";
import { nearestOf } from "../nearest.js";
import { visibleOptionsOf } from "./configure.js";

/** Wrong usage of a command, with the line that shows how it is used. */
export class UsageError extends FotaError {
  readonly usage: string;

  constructor(message: string, { usage, hint }: { usage: string; hint: string }) {
    super("USAGE", message, { hint });
    this.usage = usage;
  }
}

/** What commander refuses of a command line, with the usage line and near names where a name is unknown. */
export function usageErrorOf({ code, message }: CommanderError, command: Command): UsageError {
  if (code === "commander.help") return usageError("no command is given", command);
  const text = message
    .replace(/^error: /, "")
    .replace(/\.$/, "")
    .replace(/'([^']*)'/g, '"$1"');
  const [, unknown = ""] = /^error: unknown (?:option|command) '(.+)'$/s.exec(message) ?? [];
  const known = code === "commander.unknownOption" ? optionNames(command) : commandNames(command);
  return usageError(text, command, unknown === "" ? [] : nearestOf(unknown, known));
}

/** An error of wrong usage of `command`; `near` are the names that were probably meant. */
export function usageError(message: string, command: Command, near: readonly string[] = []): UsageError {
  const usage = command.createHelp().commandUsage(command);
  const path = command.parent === null ? "fota" : `fota ${command.name()}`;
  const all = `run \`${path} --help\` to see all ${command.parent === null ? "commands" : "options"}`;
  const hint = near.length === 0 ? all : `did you mean ${near.join(" or ")}?`;
  return new UsageError(message, { usage, hint });
}

export function commandNames(program: Command): string[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((each) => each.name());
}

function optionNames(command: Command): string[] {
  const chain = command.parent === null ? [command] : [command, command.parent];
  return chain.flatMap(visibleOptionsOf).flatMap(({ long }) => long ?? []);
}
