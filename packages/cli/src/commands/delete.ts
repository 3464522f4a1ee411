import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { DeleteOptions } from "../delete/run.js";
import { helpText } from "../help/layout.js";
import { givenJob, NEEDED_JOB_ARGUMENT } from "./job-argument.js";

const HELP = `
The images go with the job if no other job and no job template names them: all
their documents are read for that, of ended jobs too; where one cannot be read,
the image is kept. Only what \`fota publish\` uploaded is ever deleted: it is marked in
its metadata; older uploads are known by their bucket and prefix, and the key
must have the image's SHA-256. In a bucket that keeps versions the image stays
behind a delete marker.

What an interrupted run has left the same command goes on with.

Examples:
  $ fota delete fota-1-4-0
  $ fota delete fota-1-4-0 --force --keep-image --yes`;

export function deleteCommand(contextOf: ContextOf): Command {
  return new Command("delete")
    .summary("delete a job, with its image if no other job uses it")
    .description("Delete a job and its history, with its images in S3 if no other job uses them.")
    .argument("[job-id]", NEEDED_JOB_ARGUMENT)
    .option("--force", "also a job that has not ended: things in progress stop")
    .option("--keep-image", "leave S3 alone")
    .option("--bucket <name>", "where `fota publish` puts images (FOTA_BUCKET)")
    .option("--prefix <path>", "start of their keys (FOTA_PREFIX; default: fota)")
    .option("-y, --yes", "do not ask; needed where nobody can answer")
    .addHelpText("after", helpText(HELP))
    .action(async (jobId: string | undefined, options: DeleteOptions, command: Command) => {
      const context = await contextOf(command);
      const job = await givenJob(context, jobId, command);
      const { runDelete } = await import("../delete/run.js");
      await runDelete(context, job, options);
    });
}
