import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import type { PromoteOptions } from "../republish/run-promote.js";
import { collect } from "../settings/flags.js";
import { givenJob, NEEDED_JOB_ARGUMENT } from "./job-argument.js";
import {
  withOldOrderOptions,
  withRolloutOptions,
  withRunningOptions,
  withWindowOption,
} from "./job-options.js";

const HELP = `
An image is promoted when the job has proven it: it has ended, at least one
thing succeeded, and none failed, timed out, rejected or was canceled in its
last try. --force promotes it all the same.

The document is the same but for its URL, so that signatures stay valid; the
image stays where it is in S3 and is compared before. The rollout is that of the
old job but for its schedule, and for what the options say. The same promotion
again is the same job.

Examples:
  $ fota promote fota-1-4-0 --to group:beta --wait
  $ fota promote fota-1-4-0 --to group:all --rollout careful --presign iot \\
      --role fota

--json prints what \`fota publish --json\` prints.`;

export function promoteCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  const command = new Command("promote")
    .summary("order the image of a job for the next group")
    .description("Create a job that orders the image of another job, which went well, for other things.")
    .argument("[job-id]", NEEDED_JOB_ARGUMENT)
    .option("--to <target>", "thing name, group:<name>, ARN or @<file of names>; repeatable", collect)
    .option("--continuous", "also for things that join the group later")
    .option("--make-group <name>", "put the things into this static group: for more than 100")
    .option("--force", "also when the job has not proven its image");
  withWindowOption(withRolloutOptions(withOldOrderOptions(command, "the content")));
  return withRunningOptions(command)
    .optionsGroup("Other:")
    .addHelpText("after", helpText(HELP))
    .action(async (jobId: string | undefined, options: PromoteOptions, self: Command) => {
      const context = await contextOf(self);
      const job = await givenJob(context, jobId, self);
      const { runPromote } = await import("../republish/run-promote.js");
      exitWith(await runPromote(context, job, options));
    });
}
