import { type Command, Help, type Option } from "commander";
import type { Host } from "../host.js";
import { painterFor } from "../terminal/paint.js";
import { columnsOf } from "../terminal/size.js";
import { writeResult } from "../terminal/text.js";

/** Commander breaks words below that. */
const COLUMNS_MIN = 40;
/** In less room beside a flag, its description is not wrapped. */
const DESCRIPTION_COLUMNS_MIN = 20;
/** Longer lines are hard to read. */
const COLUMNS_MAX = 100;

/**
 * Lets a command print its help on the terminal of `host`: as wide as that is, up to 100 columns, with bold titles where
 * it shows colors. `isColorWanted` is asked when help is printed, as options are read by then.
 */
export function configureHelp(command: Command, host: Host, isColorWanted: () => boolean): void {
  const painter = () => painterFor(host.stdout, host.env, isColorWanted());
  command
    .showSuggestionAfterError(false) // usageErrorOf has near names
    .configureHelp({
      minWidthToWrap: DESCRIPTION_COLUMNS_MIN,
      styleTitle: (title) => painter()("bold", title),
      subcommandTerm: (each) => [each.name(), argumentsOf(each)].filter((part) => part !== "").join(" "),
    })
    .configureOutput({
      writeOut: (text) => writeResult(host.stdout, text),
      writeErr: () => {}, // said once, by reportError
      getOutHelpWidth: () => Math.min(Math.max(COLUMNS_MIN, columnsOf(host.stdout)), COLUMNS_MAX),
      getOutHasColors: () => painter()("bold", "") !== "",
    });
}

/** The options that a command has of its own, `--help` among them; not those that no help shows. */
export function visibleOptionsOf(command: Command): Option[] {
  return new Help().visibleOptions(command);
}

function argumentsOf(command: Command): string {
  return command.usage().replace("[options]", "").trim();
}
