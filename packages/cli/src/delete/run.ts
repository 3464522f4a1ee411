import { withCloud } from "../connect/with-cloud.js";
import type { Context } from "../context.js";
import { checkJobText, onJob } from "../find-job/on-job.js";
import { checkPrefix } from "../image/image-spec.js";
import { nonEmpty } from "../settings/settings.js";
import { askFirst } from "../terminal/ask-first.js";
import { executeDelete, planDelete } from "./delete.js";
import { formatDeletion, questionOf } from "./format.js";

/** Holds the options of `fota delete`, as commander names them. */
export interface DeleteOptions {
  force?: boolean;
  keepImage?: boolean;
  bucket?: string;
  prefix?: string;
  yes?: boolean;
}

/** Runs `fota delete`. @throws {FotaError} JOB_NOT_FOUND, JOB_NOT_ENDED, DECLINED and translated AWS errors */
export async function runDelete(context: Context, job: string, options: DeleteOptions): Promise<void> {
  const { host, output, settings } = context;
  const { force = false, keepImage = false, yes = false } = options;
  checkJobText(job);
  const { env } = host;
  const place = {
    bucket: options.bucket ?? nonEmpty(env["FOTA_BUCKET"]) ?? settings.file.bucket,
    prefix: checkPrefix(options.prefix ?? env["FOTA_PREFIX"] ?? settings.file.prefix ?? "fota"),
  };
  await withCloud(context, async (cloud) => {
    const read = (jobId: string) =>
      output.during(`reading job ${jobId}`, (progress) =>
        planDelete(cloud, jobId, { force, keepImage, place, progress }),
      );
    const plan = await onJob(context, cloud.iot, job, read, { yes });
    await askFirst(output, questionOf(plan, output.columns), yes);
    const outcome = await output.during(`deleting job ${plan.job.jobId}`, (progress) =>
      executeDelete(cloud, plan, progress),
    );
    output.result(outcome, formatDeletion(outcome, output.paint, output.columns));
  });
}
