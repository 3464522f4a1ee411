import { Command } from "commander";
import type { ContextOf } from "../context.js";
import { helpText } from "../help/layout.js";
import type { ShowOptions } from "../show/run.js";
import { givenJob, NEEDED_JOB_ARGUMENT } from "./job-argument.js";

const HELP = `
The rollout is shown as options of \`fota publish\`. Presigned URLs are shown
without their signatures, because anybody can download the image with them.
--json and --document print the whole URLs.

Examples:
  $ fota show fota-1-4-0
  $ fota show fota-1-4-0 --key release-2026.pub.pem
  $ fota show fota-1-4-0 --document | jq .bc_url`;

export function showCommand(contextOf: ContextOf): Command {
  return new Command("show")
    .summary("show a job and its document, decoded and checked")
    .description("Show a job, its document decoded and checked, its images in S3, and when its URL expires.")
    .argument("[job-id]", NEEDED_JOB_ARGUMENT)
    .option("--document", "print only the document, as devices get it")
    .option("--key <file>", "public key to verify the signatures with, PEM or base64")
    .option("--utc", "show absolute UTC times")
    .addHelpText("after", helpText(HELP))
    .action(async (jobId: string | undefined, options: ShowOptions, command: Command) => {
      const context = await contextOf(command);
      const job = await givenJob(context, jobId, command, "any");
      const { runShow } = await import("../show/run.js");
      await runShow(context, job, options);
    });
}
