import { Command } from "commander";
import { EXIT, EXIT_MEANINGS } from "../exit-code.js";
import type { Host } from "../host.js";
import { configureHelp } from "./configure.js";
import { helpText } from "./layout.js";

/** Names the page that `fota help` accepts in addition to the names of commands. */
export const OPTIONS_TOPIC = "options";

const TEXT = `
Settings come from options first, then from AWS_* and FOTA_* variables, then from fota.config.json, which fota looks for
from the working folder up to the top of the repository or to your home folder. fota ignores a settings file that
another user may have written, unless --config names it.

Results go to stdout, everything else goes to stderr. When a command fails with --json, the last line on stderr is
{"error": {code, message, hint}}.

Exit codes:
${exitCodes()}`;

/** Creates the page of `fota help options`: a command that only has a help text. */
export function optionsPage(program: Command, host: Host): Command {
  const page = new Command("fota")
    .usage("<command> [options]")
    .description("Every command takes these options, before or after its name.")
    .optionsGroup("Global options:")
    .helpOption("-h, --help", "print the help of fota or of a command")
    .addHelpText("after", helpText(TEXT));
  for (const option of program.options) page.addOption(option);
  configureHelp(page, host, () => program.opts()["color"] !== false);
  return page;
}

function exitCodes(): string {
  const names = Object.keys(EXIT) as (keyof typeof EXIT)[];
  return names.map((name) => `  ${String(EXIT[name]).padEnd(3)}  ${EXIT_MEANINGS[name]}`).join("\n");
}
