import { Argument, Command } from "commander";
import type { Candidate } from "../completion/complete.js";
import { SCRIPTS, SHELLS, type Shell } from "../completion/scripts.js";
import type { Host } from "../host.js";
import { oneLine } from "../terminal/format.js";
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
    .addHelpText("after", HELP)
    .action((shell: Shell) => {
      writeResult(host.stdout, SCRIPTS[shell]);
    });
}

/** What the scripts ask; it is in no help. Whatever goes wrong, the shell gets no text that it would take for names. */
export function completeCommand(host: Host): Command {
  return new Command("complete")
    .argument("[words...]")
    .action(async (words: string[], _options: unknown, command: Command) => {
      const program = command.parent;
      if (program === null) return;
      const { complete } = await import("../completion/complete.js");
      const found = complete(program, words);
      if (found.files) {
        writeResult(host.stdout, ":files\n");
        return;
      }
      const current = words.at(-1) ?? "";
      const candidates = [...found.candidates];
      if (found.names !== undefined) {
        const { kind, prefix } = found.names;
        const { namesOf } = await import("../completion/names.js");
        const names = await namesOf(kind, found.options, host).catch(() => []);
        const prefixed = names.map((name) => ({ ...name, value: `${prefix}${name.value}` }));
        candidates.push(...prefixed.filter(({ value }) => value.startsWith(current)));
      }
      const lines = candidates.filter(isTypable).map(formatCandidate);
      if (lines.length > 0) writeResult(host.stdout, `${lines.join("\n")}\n`);
    });
}

/** bash puts a candidate on the command line as it is: what a shell would run or split is left out. */
function isTypable({ value }: Candidate): boolean {
  return /^[\p{L}\p{M}\p{N}_:.,@%+=/-]+$/u.test(value);
}

function formatCandidate({ value, description }: Candidate): string {
  return `${value}\t${oneLine(description)}`;
}
