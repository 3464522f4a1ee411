import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import type { RetryOptions } from "../republish/run-retry.js";
import { givenJob, NEEDED_JOB_ARGUMENT } from "./job-argument.js";
import { withOldOrderOptions, withRolloutOptions, withRunningOptions } from "./job-options.js";

const HELP = `
A thing is retried when its last execution of the job failed or timed out; with
--only also when it was rejected, removed or canceled. One that has the image by
now, or has it coming by another job, is left out. The image stays where it is
in S3 and is compared before; signatures stay valid. The rollout is that of the
old job but for its schedule, and for what the options say.

The same retry of the same things again is the same job. A retry that failed is
a job like others: retry that one.

Examples:
  $ fota retry fota-1-4-0 --wait
  $ fota retry fota-1-4-0 --only failed,canceled --rate 10/min --dry-run

--json prints what \`fota publish --json\` prints.`;

export function retryCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  const command = new Command("retry")
    .summary("order the update again for the things that did not succeed")
    .description("Create a new job for the things of a job that did not succeed: same image, fresh URL.")
    .argument("[job-id]", NEEDED_JOB_ARGUMENT)
    .option(
      "--only <ends>",
      "failed, timed-out, rejected, removed, canceled, or all (default: failed,timed-out)",
    )
    .option("--make-group <name>", "put the things into this static group: for more than 100");
  withOldOrderOptions(command, "the old job and the things");
  return withRunningOptions(withRolloutOptions(command))
    .optionsGroup("Other:")
    .addHelpText("after", helpText(HELP))
    .action(async (jobId: string | undefined, options: RetryOptions, self: Command) => {
      const context = await contextOf(self);
      const job = await givenJob(context, jobId, self);
      const { runRetry } = await import("../republish/run-retry.js");
      exitWith(await runRetry(context, job, options));
    });
}
