import { FotaError } from "@fota/shared";
import type { Command } from "commander";
import { strayCharacterIn } from "./settings/stray-character.js";

/** Lists the options with free text, where white space does no harm. */
const FREE_TEXTS: ReadonlySet<string> = new Set(["--description", "--reason", "--tag"]);

/**
 * Checks the words of the command line: a trailing space or a line break from a script or a file is invisible in an
 * error message.
 * @throws {FotaError} USAGE, naming the option and the character
 */
export function checkWords(command: Command): void {
  for (let at: Command | null = command; at !== null; at = at.parent) {
    for (const option of at.options) {
      const name = option.long ?? option.flags;
      if (at.getOptionValueSource(option.attributeName()) !== "cli" || FREE_TEXTS.has(name)) continue;
      checkWord(name, at.getOptionValue(option.attributeName()));
    }
  }
  command.registeredArguments.forEach((argument, i) => {
    checkWord(`<${argument.name()}>`, argument.variadic ? command.args.slice(i) : command.args[i]);
  });
}

function checkWord(name: string, value: unknown): void {
  for (const text of [value].flat()) {
    const stray = typeof text === "string" ? strayCharacterIn(text) : undefined;
    if (stray === undefined) continue;
    throw new FotaError("USAGE", `${name} ${stray}`, { hint: "write it again without that character" });
  }
}
