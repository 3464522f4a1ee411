import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";
import type { RetryOptions } from "../republish/run-retry.js";
import { givenJob, NEEDED_JOB_ARGUMENT } from "./job-argument.js";
import { withRepublishOptions, withRolloutOptions, withRunningOptions } from "./job-options.js";

const HELP = `
retry creates a job for the things whose last execution failed or timed out;
--only selects other outcomes. It leaves out things that already have the image
or are about to get it from another job, and things to which a later job brings
other firmware. The image stays where it is in S3, and fota verifies it first. Signatures stay valid. The new job copies the rollout of
the old one but not its schedule; options override it.

retry warns if the same image will likely fail again on a thing, as with the
cause wrong-model. On a terminal it then asks first; elsewhere it continues.

Retrying the same things again finds the same new job. If a retry fails, retry
that job.

Examples:
  $ fota retry fota-1-4-0 --wait
  $ fota retry fota-1-4-0 --only failed,canceled --rate 10/min --dry-run

--json prints what \`fota publish --json\` prints.`;

export function retryCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  const command = new Command("retry")
    .summary("publish again to the things that did not succeed")
    .description("Create a job for the things that did not succeed, with the same image and a fresh URL.")
    .argument("[job-id]", NEEDED_JOB_ARGUMENT)
    .option(
      "--only <ends>",
      "outcomes to retry: failed, timed-out, rejected, removed, canceled, or all (default: failed,timed-out)",
    )
    .option("--make-group <name>", "target more than 100 things through a static group of this name");
  withRepublishOptions(command, "the old job and the things");
  return withRunningOptions(withRolloutOptions(command))
    .optionsGroup("Other:")
    .addHelpText("after", helpText(HELP))
    .action(async (jobId: string | undefined, options: RetryOptions, self: Command) => {
      const context = await contextOf(self);
      const job = await givenJob(
        context,
        jobId,
        self,
        options.only === undefined ? "failed" : "unsuccessful",
      );
      const { runRetry } = await import("../republish/run-retry.js");
      exitWith(await runRetry(context, job, options));
    });
}
