import { FotaError } from "@fota/shared";
import { withCloud } from "../connect/with-cloud.js";
import type { Context } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { checkJobText, onJob } from "../find-job/on-job.js";
import { jobIdOf } from "../job/job-id.js";
import { expandTargetFiles, parseTargets } from "../job/targets.js";
import { runPlan } from "../publish/run-plan.js";
import { type RunningOptions, runningOptions } from "../publish/running-options.js";
import { warningsOf } from "../publish/warnings.js";
import { planRepublish, type RepublishOptions, readOldJob, republishSpec } from "./plan-again.js";
import { proofOf } from "./proof.js";

/** Holds the options of `fota promote`, as commander names them. */
export interface PromoteOptions extends Omit<RepublishOptions, "timeout">, RunningOptions {
  to?: string[];
  force?: boolean;
}

/**
 * Publishes a job's images to more things.
 * @throws {FotaError} JOB_NOT_PROVEN, and what `readOldJob`, `planAgain` and `runPlan` throw
 */
export async function runPromote(context: Context, job: string, options: PromoteOptions): Promise<ExitCode> {
  const { host, output, settings } = context;
  checkJobText(job);
  const { running, job: changed } = runningOptions(options);
  const to = await expandTargetFiles(options.to ?? [], host.cwd);
  const targets = parseTargets(to, Number.POSITIVE_INFINITY); // report wrong targets before any request
  return await withCloud(context, async (cloud) => {
    const now = new Date();
    const read = (id: string) => output.during(`reading job ${id}`, () => readOldJob(cloud, id, now));
    const old = await onJob(context, cloud.iot, job, read, running);
    const { jobId } = old.job;
    const plan = await output.during(`planning to promote job ${jobId}`, async () => {
      const spec = republishSpec(old, changed, targets, { file: settings.file, env: host.env, now });
      const { proven, text } = await proofOf(cloud.iot, old.job);
      const unproven = `job ${jobId} has not proven its image: ${text}`;
      if (!proven && options.force !== true) {
        throw new FotaError("JOB_NOT_PROVEN", unproven, {
          hint: {
            text: "run <command> to see how it went, or use --force to promote it anyway",
            command: ["status", jobId],
          },
        });
      }
      const made = await planRepublish(old, spec, cloud, now, jobIdOf);
      return proven
        ? made
        : { ...made, warnings: [...warningsOf("JOB_NOT_PROVEN", [unproven]), ...made.warnings] };
    });
    return await runPlan(context, plan, cloud, running);
  });
}
