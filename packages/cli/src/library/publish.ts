import { withCloud } from "../connect/with-cloud.js";
import { readImages } from "../image/read-images.js";
import { expandTargetFiles } from "../job/targets.js";
import { planPublish } from "../publish/plan.js";
import { summaryOfPlan } from "../publish/plan-summary.js";
import { executePlan, publishedOf } from "../publish/publish.js";
import type { PublishRequest } from "../publish/request.js";
import type { PlanSummary, Published, PublishStep } from "../publish/result.js";
import { specsOf } from "../publish/specs.js";
import { uploadsInParts } from "../settings/settings.js";
import { type AccessOptions, openContext } from "./open.js";

/** Everything that `fota publish` takes, and how to reach AWS, as the command line has it. */
export interface PublishOptions extends PublishRequest, AccessOptions {
  /** Check everything and change nothing: `plan` is in the result, and `jobArn` is null. */
  dryRun?: boolean;
  onStep?(step: PublishStep): void;
}

export type PublishResult = Published & {
  /** With `dryRun`. */
  plan?: PlanSummary;
};

/**
 * Publishes firmware as `fota publish` does, from the same settings and environment; asks and prints nothing. The same
 * publish again is the same job.
 * @throws {FotaError} whatever the command would report
 */
export async function publish(options: PublishOptions): Promise<PublishResult> {
  const context = await openContext(options);
  const { host, output, settings } = context;
  const { cwd, signal, env } = host;
  const now = new Date();
  const to = await expandTargetFiles(options.to, cwd);
  const specs = specsOf({ ...options, to }, { file: settings.file, env, now });
  const inParts = uploadsInParts(settings);
  const files = await readImages(specs.imageSpec.images, { cwd, signal, inParts, onBytes: () => {} });
  return await withCloud(context, async (cloud) => {
    const plan = await planPublish(specs, files, cloud, now);
    for (const warning of plan.warnings) output.warn(warning);
    if (options.dryRun === true) {
      const { jobArn, document } = plan.existing ?? { jobArn: null, document: plan.document };
      return { ...publishedOf(plan, jobArn, document), plan: summaryOfPlan(plan, settings.file.prices) };
    }
    const steps = { onStep: (step: PublishStep) => options.onStep?.(step), onBytes: () => {} };
    return (await executePlan(plan, cloud, steps)).published;
  });
}
