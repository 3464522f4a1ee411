import { accessTo } from "./aws/access.js";
import { openCloud } from "./aws/cloud.js";
import { competitionIn } from "./aws/competition.js";
import { showForeignEndpoint } from "./context.js";
import { homeFolder } from "./home-folder.js";
import { readImages } from "./image/read-images.js";
import { expandTargetFiles } from "./job/targets.js";
import { planPublish } from "./publish/plan.js";
import { summaryOfPlan } from "./publish/plan-summary.js";
import { executePlan, publishedOf } from "./publish/publish.js";
import type { PublishRequest } from "./publish/request.js";
import type { PlanSummary, Published, PublishStep } from "./publish/result.js";
import { specsOf } from "./publish/specs.js";
import { readSettings, uploadsInParts } from "./settings/settings.js";

export { type ErrorCode, FotaError, isFotaError, type JobDocument } from "@fota/shared";
export type { PublishRequest } from "./publish/request.js";
export type { PlanSummary, Published, PublishStep } from "./publish/result.js";

/** Everything that `fota publish` takes, and how to reach AWS, as the command line has it. */
export interface PublishOptions extends PublishRequest {
  profile?: string;
  region?: string;
  endpointUrl?: string;
  /** Use the running `fota local`. */
  local?: boolean;
  /** Settings file; without it `fota.config.json` is looked for from `cwd` upward. */
  config?: string;
  /** What relative paths start from; the working directory of this process. */
  cwd?: string;
  /** Check everything and change nothing: `plan` is in the result, and `jobArn` is null. */
  dryRun?: boolean;
  /** Gives up; what was uploaded stays for the next run. */
  signal?: AbortSignal;
  onStep?(step: PublishStep): void;
  /** What is there to know although nothing failed. */
  onWarning?(text: string): void;
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
  const { cwd = process.cwd(), signal = new AbortController().signal } = options;
  const host = { env: process.env, cwd, homeDir: homeFolder(), signal };
  const now = new Date();
  const settings = await readSettings(options, host);
  for (const warning of settings.warnings) options.onWarning?.(warning);
  showForeignEndpoint(settings, { warn: (text) => options.onWarning?.(text) });
  const to = await expandTargetFiles(options.to, cwd);
  const specs = specsOf({ ...options, to }, { file: settings.file, env: host.env, now });
  const files = await readImages(specs.imageSpec.images, {
    cwd,
    signal,
    inParts: uploadsInParts(settings),
    onBytes: () => {},
  });
  const access = await accessTo(settings, host);
  const competition = await competitionIn(access, signal);
  if (competition !== undefined) options.onWarning?.(competition.message);
  const cloud = openCloud(access, signal);
  try {
    const plan = await planPublish(specs, files, cloud, now);
    for (const warning of plan.warnings) options.onWarning?.(warning);
    if (options.dryRun === true) {
      const { jobArn, document } = plan.existing ?? { jobArn: null, document: plan.document };
      return { ...publishedOf(plan, jobArn, document), plan: summaryOfPlan(plan, settings.file.prices) };
    }
    const steps = { onStep: (step: PublishStep) => options.onStep?.(step), onBytes: () => {} };
    return (await executePlan(plan, cloud, steps)).published;
  } finally {
    cloud.close();
  }
}
