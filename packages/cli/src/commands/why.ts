import { Command } from "commander";
import type { ContextOf } from "../context.js";
import { helpText } from "../help/layout.js";
import type { WhyOptions } from "../why/run.js";
import { givenJob, NEEDED_JOB_ARGUMENT } from "./job-argument.js";

const HELP = `
Reads the job, the thing's execution and the tries before it, its other jobs,
certificate and policies, whether it is connected (where AWS IoT indexes that),
the image in S3 and how long its URL works. What the credentials in use may not
look at is told, and the rest explained all the same. Nothing is changed.

docs/operations.md has all causes, and the permissions that it takes.

Examples:
  $ fota why fota-1-4-0
  $ fota why fota-1-4-0 --thing pump-7
  $ fota why fota-1-4-0 --thing pump-7 --json | jq -r .cause

Exit codes: 0 explained, whatever it is; 1 there is no such job.`;

export function whyCommand(contextOf: ContextOf): Command {
  return new Command("why")
    .summary("explain why a job, or one thing of it, is where it is")
    .description(
      "Explain in a sentence why a job, or one thing of it, is where it is, and what to type next.",
    )
    .argument("[job-id]", NEEDED_JOB_ARGUMENT)
    .option("--thing <name>", "explain this thing")
    .option("--utc", "times as such, not how long ago")
    .addHelpText("after", helpText(HELP))
    .action(async (jobId: string | undefined, options: WhyOptions, command: Command) => {
      const context = await contextOf(command);
      const job = await givenJob(context, jobId, command);
      const { runWhy } = await import("../why/run.js");
      await runWhy(context, job, options);
    });
}
