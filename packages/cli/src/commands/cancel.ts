import { Command } from "commander";
import type { CancelOptions } from "../cancel/run.js";
import type { ContextOf } from "../context.js";
import { helpText } from "../help/layout.js";

const HELP = `
Without --force, things that wait get no update, and those in progress go on
to the end. With --force these stop too: a device with fota's agent gives up and
stays on the image that it runs, also when the new one is on trial. A device
that is offline hears of it when it is back.

Canceling what is canceled already is no failure; a job that is COMPLETED cannot
be canceled.

Examples:
  $ fota cancel fota-1b7a9c --reason "wrong build"
  $ fota cancel fota-1b7a9c --thing pump-7 --force --yes`;

export function cancelCommand(contextOf: ContextOf): Command {
  return new Command("cancel")
    .summary("cancel a job, for all things or for one")
    .description("Cancel a job, for all of its things or for one.")
    .argument("<job-id>", "as printed by `fota publish`")
    .option("--thing <name>", "for this thing alone")
    .option("--force", "also for things in progress")
    .option("--reason <text>", "kept with the job: a comment, or a code such as BAD_BUILD")
    .option("-y, --yes", "do not ask; needed where nobody can answer")
    .addHelpText("after", helpText(HELP))
    .action(async (jobId: string, options: CancelOptions, command: Command) => {
      const { runCancel } = await import("../cancel/run.js");
      await runCancel(await contextOf(command), jobId, options);
    });
}
