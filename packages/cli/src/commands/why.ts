import { Command } from "commander";
import type { ContextOf } from "../context.js";
import { helpText } from "../help/layout.js";
import type { WhyOptions } from "../why/run.js";
import { givenJob, NEEDED_JOB_ARGUMENT } from "./job-argument.js";

const HELP = `
why reads the job, the thing's execution and earlier attempts, its other jobs,
its certificate and policies, whether it is connected (if AWS IoT indexes that),
the image in S3 and when its URL expires. It lists what the credentials may not
read and explains the rest. It changes nothing.

docs/operations.md lists all causes and the permissions that why needs.

Examples:
  $ fota why fota-1-4-0
  $ fota why fota-1-4-0 --thing pump-7
  $ fota why fota-1-4-0 --thing pump-7 --json | jq -r .cause

Exit codes: 0 explained, 1 there is no such job.`;

export function whyCommand(contextOf: ContextOf): Command {
  return new Command("why")
    .summary("explain why a job, or one of its things, is in its state")
    .description(
      "Explain in a sentence why a job, or one of its things, is in its state, and which command to run next.",
    )
    .argument("[job-id]", NEEDED_JOB_ARGUMENT)
    .option("--thing <name>", "explain this thing")
    .option("--utc", "show absolute UTC times")
    .addHelpText("after", helpText(HELP))
    .action(async (jobId: string | undefined, options: WhyOptions, command: Command) => {
      const context = await contextOf(command);
      const job = await givenJob(context, jobId, command, "any");
      const { runWhy } = await import("../why/run.js");
      await runWhy(context, job, options);
    });
}
