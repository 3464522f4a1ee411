import { type Command, Help, type Option } from "commander";
import type { Host } from "../host.js";
import { painterFor } from "../terminal/paint.js";
import { columnsOf } from "../terminal/size.js";
import { writeResult } from "../terminal/text.js";

/** In a narrower layout, commander breaks words. */
const COLUMNS_MIN = 40;
/** With less room beside a flag, its description is not wrapped. */
const DESCRIPTION_COLUMNS_MIN = 20;
/** Longer lines are hard to read. */
const COLUMNS_MAX = 100;

/**
 * Makes a command print its help for the terminal of `host`: at its width, up to 100 columns, with bold titles if it
 * shows colors. `isColorWanted` is called when help is printed, because options are parsed by then.
 */
export function configureHelp(command: Command, host: Host, isColorWanted: () => boolean): void {
  const painter = () => painterFor(host.stdout, host.env, isColorWanted());
  command
    .showSuggestionAfterError(false) // usageErrorOf suggests near names
    .configureHelp({
      minWidthToWrap: DESCRIPTION_COLUMNS_MIN,
      styleTitle: (title) => painter()("bold", title),
      subcommandTerm: (each) => [each.name(), argumentsOf(each)].filter((part) => part !== "").join(" "),
    })
    .configureOutput({
      writeOut: (text) => writeResult(host.stdout, text),
      writeErr: () => {}, // reportError prints the message, once
      getOutHelpWidth: () => Math.min(Math.max(COLUMNS_MIN, columnsOf(host.stdout)), COLUMNS_MAX),
      getOutHasColors: () => painter()("bold", "") !== "",
    });
}

/** Returns the command's own visible options, including `--help`. */
export function visibleOptionsOf(command: Command): Option[] {
  return new Help().visibleOptions(command);
}

function argumentsOf(command: Command): string {
  return command.usage().replace("[options]", "").trim();
}
