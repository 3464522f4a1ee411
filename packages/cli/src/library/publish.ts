import { withCloud } from "../connect/with-cloud.js";
import type { Context } from "../context.js";
import { withScratchFolder } from "../files/scratch-folder.js";
import { checkSignersOfKeySets } from "../publish/check-key-sets.js";
import { planPublish } from "../publish/plan-publish.js";
import { summaryOfPlan } from "../publish/plan-summary.js";
import { type PreparedPublish, preparePublish } from "../publish/prepare.js";
import { executePlan, publishedOf } from "../publish/publish.js";
import type { PublishRequest } from "../publish/request.js";
import type { PlanSummary, Published, PublishStep } from "../publish/result.js";
import { signPlan } from "../publish/signing.js";
import { checkTexts } from "./check-arguments.js";
import { type AccessOptions, openContext } from "./open.js";

/** Holds all options of `fota publish`, and how to reach AWS. */
export interface PublishOptions extends PublishRequest, AccessOptions {
  /** Checks everything and changes nothing: the result has a `plan`, and its `jobArn` is null. */
  dryRun?: boolean;
  onStep?(step: PublishStep): void;
}

export type PublishResult = Published & {
  /** Set with `dryRun`. */
  plan?: PlanSummary;
};

/**
 * Publishes firmware as `fota publish` does, with the same settings and environment; asks and prints nothing. Repeating
 * the same publish gives the same job.
 * @throws {FotaError} the errors of the command
 */
export async function publish(options: PublishOptions): Promise<PublishResult> {
  const context = await openContext(options);
  checkTexts("images", options.images);
  checkTexts("to", options.to);
  if (options.deltaFrom !== undefined) checkTexts("deltaFrom", options.deltaFrom);
  const now = new Date();
  const prepared = await preparePublish(context, options, now);
  return await withScratchFolder((folder) => executeRequest(context, options, prepared, now, folder));
}

async function executeRequest(
  context: Context,
  options: PublishOptions,
  prepared: PreparedPublish,
  now: Date,
  folder: () => Promise<string>,
): Promise<PublishResult> {
  const { output, settings } = context;
  return await withCloud(context, async (cloud) => {
    const making = { context, folder, progress: () => undefined };
    const plan = await signPlan(await planPublish(prepared, cloud, now, making));
    for (const { message } of plan.warnings) output.warn(message);
    if (options.dryRun === true) {
      const { jobArn, document } = plan.existing ?? { jobArn: null, document: plan.document };
      return { ...publishedOf(plan, jobArn, document), plan: summaryOfPlan(plan, settings.file.prices) };
    }
    if (plan.existing === undefined) await checkSignersOfKeySets(plan.document);
    const steps = { onStep: (step: PublishStep) => options.onStep?.(step), onBytes: () => {} };
    return (await executePlan(plan, cloud, steps)).published;
  });
}
