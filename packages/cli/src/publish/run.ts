import { withCloud } from "../connect/with-cloud.js";
import type { Context } from "../context.js";
import type { ExitCode } from "../exit-code.js";
import { withScratchFolder } from "../files/scratch-folder.js";
import { planPublish } from "./plan-publish.js";
import { preparePublish } from "./prepare.js";
import type { PublishRequest } from "./request.js";
import { runPlan } from "./run-plan.js";
import { type RunningOptions, runningOptions } from "./running-options.js";

/** Holds the options of `fota publish`, as commander names them. */
export interface PublishOptions extends Omit<PublishRequest, "images" | "to" | "timeout">, RunningOptions {
  to?: string[];
}

/** Reads the files, plans and publishes. @throws {FotaError} what reading, planning and publishing throw */
export async function runPublish(
  context: Context,
  images: string[],
  options: PublishOptions,
): Promise<ExitCode> {
  const { output } = context;
  const { running, job } = runningOptions(options);
  const now = new Date();
  const prepared = await preparePublish(context, { ...job, images, to: options.to ?? [] }, now);
  return await withScratchFolder((folder) =>
    withCloud(context, async (cloud) => {
      const plan = await output.during("checking targets, bucket and job", (progress) =>
        planPublish(prepared, cloud, now, { context, folder, progress }),
      );
      return await runPlan(context, plan, cloud, running);
    }),
  );
}
