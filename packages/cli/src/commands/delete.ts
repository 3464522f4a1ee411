import { Command } from "commander";
import type { Context, ContextOf } from "../context.js";
import { nonEmpty } from "../settings/settings.js";
import { askFirst } from "../terminal/ask-first.js";

interface DeleteOptions {
  force?: boolean;
  keepImage?: boolean;
  bucket?: string;
  prefix?: string;
  yes?: boolean;
}

const HELP = `
The images go with the job if no other job's document names them: the documents
of all jobs are read for that, ended ones too; where one cannot be read, the
image is kept. Only what \`fota publish\` uploaded is ever deleted: it is marked in
its metadata; older uploads are known by their bucket and prefix, and the key
must have the image's SHA-256. In a bucket that keeps versions the image stays
behind a delete marker.

What an interrupted run has left the same command goes on with.

Examples:
  $ fota delete fota-1b7a9c
  $ fota delete fota-1b7a9c --force --keep-image --yes`;

export function deleteCommand(contextOf: ContextOf): Command {
  return new Command("delete")
    .summary("delete a job, with its image if no other job uses it")
    .description("Delete a job and its history, with its images in S3 if no other job uses them.")
    .argument("<job-id>", "as printed by `fota publish`")
    .option("--force", "also a job that has not ended: things that are at it stop")
    .option("--keep-image", "leave S3 alone")
    .option("--bucket <name>", "where `fota publish` puts images (FOTA_BUCKET)")
    .option("--prefix <path>", "start of their keys (FOTA_PREFIX; default: fota)")
    .option("--yes", "do not ask; needed where nobody can answer")
    .addHelpText("after", HELP)
    .action(async (jobId: string, options: DeleteOptions, command: Command) => {
      await runDelete(await contextOf(command), jobId, options);
    });
}

async function runDelete(context: Context, jobId: string, options: DeleteOptions): Promise<void> {
  const { host, output, flags, settings } = context;
  const { force = false, keepImage = false, yes = false } = options;
  const { checkJobId } = await import("../job/job-id.js");
  checkJobId(jobId);
  const access = await context.access();
  const [{ openCloud }, { executeDelete, planDelete }, { formatDeletion, questionOf }] = await Promise.all([
    import("../aws/cloud.js"),
    import("../delete/delete.js"),
    import("../delete/format.js"),
  ]);
  const { checkPrefix } = await import("../image/image-spec.js");
  const { env } = host;
  const place = {
    bucket: options.bucket ?? nonEmpty(env["FOTA_BUCKET"]) ?? settings.file.bucket,
    prefix: checkPrefix(options.prefix ?? env["FOTA_PREFIX"] ?? settings.file.prefix ?? "fota"),
  };
  const cloud = openCloud(access, host.signal);
  try {
    await cloud.iot.identity();
    const plan = await output.during(`reading job ${jobId}`, (progress) =>
      planDelete(cloud, jobId, { force, keepImage, flags, place, progress }),
    );
    await askFirst(output, questionOf(plan, output.columns), yes);
    const outcome = await output.during(`deleting job ${jobId}`, (progress) =>
      executeDelete(cloud, plan, progress),
    );
    output.result(outcome, formatDeletion(outcome, output.paint, output.columns));
  } finally {
    cloud.close();
  }
}
