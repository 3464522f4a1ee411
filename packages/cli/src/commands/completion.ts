import { Argument, Command } from "commander";
import { SCRIPTS, SHELLS, type Shell } from "../completion/scripts.js";
import { helpText } from "../help/layout.js";
import type { Host } from "../host.js";
import { writeResult } from "../terminal/text.js";

const HELP = `
Commands, options and their words are completed, job ids, things and groups too:
these are asked for at most once a minute, and only as long as AWS answers at
once.

For this shell, and for each one from now on:
  bash  source <(fota completion bash)
        fota completion bash > ~/.local/share/bash-completion/completions/fota
  zsh   source <(fota completion zsh)
        fota completion zsh > "\${fpath[1]}/_fota"
  fish  fota completion fish | source
        fota completion fish > ~/.config/fish/completions/fota.fish`;

/** Reads no settings: what a shell runs at its start must not fail at them. */
export function completionCommand(host: Host): Command {
  return new Command("completion")
    .summary("print what makes the shell complete fota's command lines")
    .description("Print a script that makes bash, zsh or fish complete the command lines of fota.")
    .addArgument(new Argument("<shell>", "bash, zsh or fish").choices(SHELLS))
    .addHelpText("after", helpText(HELP))
    .action((shell: Shell) => {
      writeResult(host.stdout, SCRIPTS[shell]);
    });
}

/** What the scripts ask; it is in no help. */
export function completeCommand(host: Host): Command {
  return new Command("complete")
    .argument("[words...]")
    .action(async (words: string[], _options: unknown, command: Command) => {
      if (command.parent === null) return;
      const { writeCandidates } = await import("../completion/run.js");
      await writeCandidates(command.parent, words, host);
    });
}
