import { withCloud } from "../connect/with-cloud.js";
import type { Context } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { checkJobText, onJob } from "../find-job/on-job.js";
import { runPlan } from "../publish/run-plan.js";
import { type RunningOptions, runningOptions } from "../publish/running-options.js";
import { parseEnds } from "./candidates.js";
import { type RepublishOptions, readOldJob } from "./plan-again.js";
import { planRetry } from "./retry.js";

/** Holds the options of `fota retry`, as commander names them. */
export interface RetryOptions extends Omit<RepublishOptions, "timeout">, RunningOptions {
  only?: string;
}

/**
 * Publishes a job again to the things on which it failed.
 * @throws {FotaError} what `readOldJob`, `planRetry` and `runPlan` throw
 */
export async function runRetry(context: Context, job: string, options: RetryOptions): Promise<ExitCode> {
  const { host, output, settings } = context;
  checkJobText(job);
  const { running, job: changed } = runningOptions(options);
  const ends = parseEnds(options.only);
  return await withCloud(context, async (cloud) => {
    const now = new Date();
    const read = (id: string) => output.during(`reading job ${id}`, () => readOldJob(cloud, id, now));
    const old = await onJob(context, cloud.iot, job, read, running);
    const plan = await output.during(`reading the things of job ${old.job.jobId}`, (progress) =>
      planRetry(cloud, old, { ends, options: changed, file: settings.file, env: host.env, now, progress }),
    );
    return await runPlan(context, plan, cloud, running);
  });
}
