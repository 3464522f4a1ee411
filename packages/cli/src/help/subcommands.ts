import type { Command } from "commander";

/** Returns a command, the commands below it, and the ones below those. */
export function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** Returns a command and the commands above it, up to the program. */
export function withAncestors(command: Command): Command[] {
  return command.parent === null ? [command] : [command, ...withAncestors(command.parent)];
}

/** Returns the words that a command is called with, without the program's own name: `thing create`. */
export function pathOf(command: Command): string {
  const names = withAncestors(command).map((each) => each.name());
  return names.slice(0, -1).reverse().join(" ");
}
