import { Command } from "commander";
import type { CancelOptions } from "../cancel/run.js";
import type { ContextOf } from "../context.js";
import { helpText } from "../help/layout.js";
import { givenJob, NEEDED_JOB_ARGUMENT } from "./job-argument.js";

const HELP = `
Without --force, things that wait get no update, and those in progress go on
to the end. With --force these stop too: a device with fota's agent gives up and
stays on the image that it runs, also when the new one is on trial. A device
that is offline hears of it when it is back.

Canceling what is canceled already is no failure; a job that is COMPLETED cannot
be canceled.

Examples:
  $ fota cancel fota-1-4-0 --reason "wrong build"
  $ fota cancel fota-1-4-0 --thing pump-7 --force --yes`;

export function cancelCommand(contextOf: ContextOf): Command {
  return new Command("cancel")
    .summary("cancel a job, for all things or for one")
    .description("Cancel a job, for all of its things or for one.")
    .argument("[job-id]", NEEDED_JOB_ARGUMENT)
    .option("--thing <name>", "for this thing alone")
    .option("--force", "also for things in progress")
    .option("--reason <text>", "kept with the job: a comment, or a code such as BAD_BUILD")
    .option("-y, --yes", "do not ask; needed where nobody can answer")
    .addHelpText("after", helpText(HELP))
    .action(async (jobId: string | undefined, options: CancelOptions, command: Command) => {
      const context = await contextOf(command);
      const job = await givenJob(context, jobId, command);
      const { runCancel } = await import("../cancel/run.js");
      await runCancel(context, job, options);
    });
}
