import { getJobDocument } from "../aws/jobs.js";
import { withCloud } from "../connect/with-cloud.js";
import type { Context } from "../context.js";
import { checkJobText, onJob } from "../find-job/on-job.js";
import { readPublicKey } from "../signing/public-key.js";
import { escapeInJson, writeResult } from "../terminal/text.js";
import { formatShownJob } from "./format.js";
import { showJob } from "./show.js";

/** Holds the options of `fota show`, as commander names them. */
export interface ShowOptions {
  document?: boolean;
  key?: string;
  utc?: boolean;
}

/** Runs `fota show`. @throws {FotaError} JOB_NOT_FOUND, errors of the key file, and translated AWS errors */
export async function runShow(context: Context, job: string, options: ShowOptions): Promise<void> {
  const { host, output } = context;
  checkJobText(job);
  const key = options.key === undefined ? undefined : await readPublicKey(options.key, host.cwd);
  await withCloud(context, async (cloud) => {
    if (options.document === true) {
      const text = await onJob(context, cloud.iot, job, (jobId) =>
        output.during(`reading the document of ${jobId}`, () => getJobDocument(cloud.iot, jobId)),
      );
      writeResult(host.stdout, `${escapeInJson(text)}\n`);
      return;
    }
    const now = new Date();
    const shown = await onJob(context, cloud.iot, job, (jobId) =>
      output.during(`reading job ${jobId}`, () => showJob(cloud, jobId, { key, now })),
    );
    const { paint, columns, fota } = output;
    output.result(shown, formatShownJob(shown, { paint, columns, now, utc: options.utc ?? false, fota }));
  });
}
