import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { DeleteOptions } from "../delete/run.js";
import { helpText } from "../help/layout.js";
import { givenJob, NEEDED_JOB_ARGUMENT } from "./job-argument.js";

const HELP = `
fota deletes the images with the job if no other job and no job template uses
them. To find out, it reads the documents of all jobs, including ended ones; if
it cannot read one, it keeps the image. It only deletes images that
\`fota publish\` uploaded. It recognizes them by a mark in their metadata, and
older uploads by bucket, prefix and the image's SHA-256 in the key. In a bucket
with versioning, the image stays behind a delete marker. Software packages and
their versions stay, and so do thing groups. For a group that fota made for
--to query:, delete says whether another job has it as a target.

If a delete was interrupted, run the same command again to complete it.

Examples:
  $ fota delete fota-1-4-0
  $ fota delete fota-1-4-0 --force --keep-image --yes`;

export function deleteCommand(contextOf: ContextOf): Command {
  return new Command("delete")
    .summary("delete a job, and its image if no other job uses it")
    .description("Delete a job and its history, and its images in S3 if no other job uses them.")
    .argument("[job-id]", NEEDED_JOB_ARGUMENT)
    .option("--force", "also delete a job that has not ended; things in progress stop")
    .option("--keep-image", "keep the images in S3")
    .option("--bucket <name>", "bucket that `fota publish` uploads to (FOTA_BUCKET)")
    .option("--prefix <path>", "prefix of the object keys (FOTA_PREFIX; default: fota)")
    .option("-y, --yes", "do not ask; required if stdin is not a terminal")
    .addHelpText("after", helpText(HELP))
    .action(async (jobId: string | undefined, options: DeleteOptions, command: Command) => {
      const context = await contextOf(command);
      const job = await givenJob(context, jobId, command, options.force === true ? "any" : "deletable");
      const { runDelete } = await import("../delete/run.js");
      await runDelete(context, job, options);
    });
}
