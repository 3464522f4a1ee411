import { withCloud } from "../connect/with-cloud.js";
import type { Context } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { checkJobId } from "../job/job-id.js";
import { carryOut } from "../publish/run-plan.js";
import { type RunningOptions, runningOptions } from "../publish/running-options.js";
import { parseEnds } from "./candidates.js";
import { type AgainOptions, readOldJob } from "./plan-again.js";
import { planRetry } from "./retry.js";

/** Options of `fota retry`, as commander names them. */
export interface RetryOptions extends Omit<AgainOptions, "timeout">, RunningOptions {
  only?: string;
}

/** @throws {FotaError} what `readOldJob`, `planRetry` and `carryOut` throw */
export async function runRetry(context: Context, jobId: string, options: RetryOptions): Promise<ExitCode> {
  const { host, output, settings } = context;
  checkJobId(jobId);
  const { running, job } = runningOptions(options, output.warn);
  const ends = parseEnds(options.only);
  return await withCloud(context, async (cloud) => {
    const now = new Date();
    const plan = await output.during(`reading job ${jobId}`, async (progress) => {
      const old = await readOldJob(cloud, jobId, now);
      const given = { ends, options: job, file: settings.file, env: host.env, now, progress };
      return await planRetry(cloud, old, given);
    });
    return await carryOut(context, plan, cloud, running);
  });
}
