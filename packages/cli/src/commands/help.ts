import { nearestOf } from "@fota/shared";
import { Command } from "commander";
import { helpText } from "../help/layout.js";
import { OPTIONS_TOPIC, optionsPage } from "../help/options-page.js";
import { commandNames, usageError } from "../help/usage-error.js";
import type { Host } from "../host.js";

const HELP = `
Examples:
  $ fota help publish
  $ fota help options`;

export function helpCommand(program: Command, host: Host): Command {
  return new Command("help")
    .summary("print the help of a command, or of the global options")
    .description("Print the help of a command, or with `options` that of the global options.")
    .addHelpText("after", helpText(HELP))
    .argument("[command...]", "name of a command, or `options`")
    .action((topics: string[]) => {
      if (topics.length === 1 && topics[0] === OPTIONS_TOPIC) return optionsPage(program, host).outputHelp();
      const found = topics.reduce((above, topic) => {
        const command = above.commands.find((each) => each.name() === topic);
        if (command !== undefined) return command;
        const near = nearestOf(topic, [
          ...commandNames(above),
          ...(above === program ? [OPTIONS_TOPIC] : []),
        ]);
        throw usageError(`unknown command ${JSON.stringify(topic)}`, above, near);
      }, program);
      found.outputHelp();
    });
}
