import { Argument, Command } from "commander";
import { SCRIPTS, SHELLS, type Shell } from "../completion/scripts.js";
import { helpText } from "../help/layout.js";
import type { Host } from "../host.js";
import { writeResult } from "../terminal/text.js";

const HELP = `
The script completes commands, options, option values, job ids, things and
groups. fota asks AWS for these names at most once a minute, and skips them if
AWS does not answer at once.

For this shell, and for every new one:
  bash  source <(fota completion bash)
        fota completion bash > ~/.local/share/bash-completion/completions/fota
  zsh   source <(fota completion zsh)
        fota completion zsh > "\${fpath[1]}/_fota"
  fish  fota completion fish | source
        fota completion fish > ~/.config/fish/completions/fota.fish`;

/**
 * Creates `fota completion`, which reads no settings: a shell runs it at startup, where it must not fail because of
 * them.
 */
export function completionCommand(host: Host): Command {
  return new Command("completion")
    .summary("print a completion script for bash, zsh or fish")
    .description("Print a script that lets bash, zsh or fish complete the command lines of fota.")
    .addArgument(new Argument("<shell>", "bash, zsh or fish").choices(SHELLS))
    .addHelpText("after", helpText(HELP))
    .action((shell: Shell) => {
      writeResult(host.stdout, SCRIPTS[shell]);
    });
}

/** Creates the hidden command that the completion scripts run. */
export function completeCommand(host: Host): Command {
  return new Command("complete")
    .argument("[words...]")
    .action(async (words: string[], _options: unknown, command: Command) => {
      if (command.parent === null) return;
      const { writeCandidates } = await import("../completion/run.js");
      await writeCandidates(command.parent, words, host);
    });
}
