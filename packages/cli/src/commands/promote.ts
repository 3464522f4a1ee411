import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import type { PromoteOptions } from "../republish/run-promote.js";
import { collect } from "../settings/flags.js";
import { givenJob, NEEDED_JOB_ARGUMENT } from "./job-argument.js";
import {
  withRepublishOptions,
  withRolloutOptions,
  withRunningOptions,
  withWindowOption,
} from "./job-options.js";

const HELP = `
A job has proven its image when it has ended, at least one thing succeeded, and
in its last attempt no thing failed, timed out, rejected the job or was canceled.
--force skips this check.

Only the URL in the document changes, so signatures stay valid. The image stays
where it is in S3, and fota verifies it first. The new job copies the rollout of
the old one but not its schedule; options override it. Promoting a job to the
same targets again finds the same new job.

Examples:
  $ fota promote fota-1-4-0 --to group:beta --wait
  $ fota promote fota-1-4-0 --to group:all --rollout careful --presign iot \\
      --role fota

--json prints what \`fota publish --json\` prints.`;

export function promoteCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  const command = new Command("promote")
    .summary("publish the image of a job to the next group")
    .description("Create a job for other things with the image of a job that succeeded.")
    .argument("[job-id]", NEEDED_JOB_ARGUMENT)
    .option(
      "--to <target>",
      "thing name, group:<name>, query:<query>, ARN or @<file of names>; repeatable",
      collect,
    )
    .option("--continuous", "also update things that join the group later")
    .option("--make-group <name>", "target more than 100 things through a static group of this name")
    .option("--force", "promote the image even if the job has not proven it");
  withWindowOption(withRolloutOptions(withRepublishOptions(command, "the content")));
  return withRunningOptions(command)
    .optionsGroup("Other:")
    .addHelpText("after", helpText(HELP))
    .action(async (jobId: string | undefined, options: PromoteOptions, self: Command) => {
      const context = await contextOf(self);
      const job = await givenJob(context, jobId, self, options.force === true ? "any" : "succeeded");
      const { runPromote } = await import("../republish/run-promote.js");
      exitWith(await runPromote(context, job, options));
    });
}
