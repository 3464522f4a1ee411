import { Command } from "commander";
import { helpText } from "../help/layout.js";
import { OPTIONS_TOPIC, optionsPage } from "../help/options-page.js";
import { commandNames, usageError } from "../help/usage-error.js";
import type { Host } from "../host.js";
import { nearestOf } from "../nearest.js";

const HELP = `
Examples:
  $ fota help publish
  $ fota help options`;

export function helpCommand(program: Command, host: Host): Command {
  return new Command("help")
    .summary("print the help of a command, or of the global options")
    .description("Print the help of a command, or with `options` that of the global options.")
    .addHelpText("after", helpText(HELP))
    .argument("[command]", "name of a command, or `options`")
    .action((topic: string | undefined) => {
      if (topic === undefined) return program.outputHelp();
      if (topic === OPTIONS_TOPIC) return optionsPage(program, host).outputHelp();
      const found = program.commands.find((each) => each.name() === topic);
      if (found !== undefined) return found.outputHelp();
      const near = nearestOf(topic, [...commandNames(program), OPTIONS_TOPIC]);
      throw usageError(`unknown command ${JSON.stringify(topic)}`, program, near);
    });
}
