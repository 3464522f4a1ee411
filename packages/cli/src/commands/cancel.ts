import { Command } from "commander";
import type { CancelOptions } from "../cancel/run.js";
import type { ContextOf } from "../context.js";
import { helpText } from "../help/layout.js";
import { givenJob, NEEDED_JOB_ARGUMENT } from "./job-argument.js";

const HELP = `
Without --force, things that are queued get no update, and things in progress
complete theirs. With --force, these stop too: fota's agent gives up and stays
on the old image, even if the new one is already on trial. An offline device
learns of it when it connects again.

Canceling a canceled job again is not an error. A job that is COMPLETED cannot
be canceled.

Examples:
  $ fota cancel fota-1-4-0 --reason "wrong build"
  $ fota cancel fota-1-4-0 --thing pump-7 --force --yes`;

export function cancelCommand(contextOf: ContextOf): Command {
  return new Command("cancel")
    .summary("cancel a job, for all things or for one")
    .description("Cancel a job, for all things or for one.")
    .argument("[job-id]", NEEDED_JOB_ARGUMENT)
    .option("--thing <name>", "cancel the job only for this thing")
    .option("--force", "also cancel it for things in progress")
    .option("--reason <text>", "reason to store with the job: a comment, or a code such as BAD_BUILD")
    .option("-y, --yes", "do not ask; required if stdin is not a terminal")
    .addHelpText("after", helpText(HELP))
    .action(async (jobId: string | undefined, options: CancelOptions, command: Command) => {
      const context = await contextOf(command);
      const job = await givenJob(context, jobId, command, "cancelable");
      const { runCancel } = await import("../cancel/run.js");
      await runCancel(context, job, options);
    });
}
