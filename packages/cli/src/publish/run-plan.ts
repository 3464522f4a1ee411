import { FotaError } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import { byObject } from "../aws/image-object.js";
import type { Context } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { secondJobId } from "../job/job-id.js";
import type { Prices } from "../settings/config-schema.js";
import { withDetails } from "../status/details.js";
import { formatSummary } from "../status/format.js";
import { viewOf } from "../status/view.js";
import { exitCodeOfJob, waitForJob } from "../status/wait.js";
import { byteCounter } from "../terminal/byte-counter.js";
import type { Output } from "../terminal/output.js";
import { checkSignersOfKeySets } from "./check-key-sets.js";
import { formatDocument, formatOutcome, formatPlan } from "./format.js";
import type { Plan } from "./plan.js";
import { summaryOfPlan } from "./plan-summary.js";
import { executePlan, publishedOf } from "./publish.js";
import { signPlan } from "./signing.js";

export interface RunPlanOptions {
  dryRun: boolean;
  yes: boolean;
  wait: boolean;
  /** The longest time to wait; `undefined`: no limit. */
  timeoutMs: number | undefined;
}

const CONFIRM_ABOVE_DEFAULT = 100;

/**
 * Runs the part that all commands that create a job share: shows the plan or asks, executes it, follows the job.
 * @throws {FotaError} DECLINED, INTERRUPTED and what executing and waiting throw
 */
export async function runPlan(
  context: Context,
  plan: Plan,
  cloud: Cloud,
  options: RunPlanOptions,
): Promise<ExitCode> {
  const { host, output } = context;
  for (const { message } of plan.warnings) output.warn(message);
  if (plan.doubt?.hint !== undefined) output.advise(plan.doubt.hint);
  if (plan.existing?.ended === true) {
    output.advise(
      `things may run something else since: publish with --job-id ${secondJobId(plan.jobId)} to install the image again`,
    );
  }
  if (options.dryRun) {
    showPlan(context, await signPlan(plan));
    return EXIT.done;
  }
  if (!options.yes && plan.existing === undefined && output.canAsk) await confirmPlan(context, plan);
  const signed = await signPlan(plan);
  if (signed.existing === undefined) await checkSignersOfKeySets(signed.document);
  const outcome = await output.during("uploading", (progress) => {
    const onStep = (step: keyof typeof STEPS) => progress(STEPS[step]);
    return executePlan(signed, cloud, {
      onStep,
      onBytes: byteCounter(progress, "uploading", uploadBytesOf(plan)),
    });
  });
  const published = { ...outcome.published, ...(plan.warnings.length > 0 && { warnings: plan.warnings }) };
  const text = formatOutcome(signed, outcome, output);
  if (!options.wait) {
    const next = output.fota("status", published.jobId);
    output.result(published, `${text}\n\nnext: ${output.paint("cyan", next)}`);
    return EXIT.done;
  }
  output.note(`${text}\n`);
  const waiting = { output, signal: host.signal, timeoutMs: options.timeoutMs };
  const ended = await waitForJob(cloud.iot, published.jobId, { kind: "few" }, waiting);
  const status = await output.during("reading the reports", () => withDetails(cloud.iot, ended));
  output.result({ ...published, status }, formatSummary(status, viewOf(context, false)));
  return exitCodeOfJob(status);
}

const STEPS = {
  package: "making the package version",
  upload: "uploading",
  check: "fetching the URL as a device would",
  group: "making the group",
  create: "creating the job",
} as const;

function uploadBytesOf({ images, patches }: Plan): number {
  return byObject([...images, ...patches.offered]).reduce(
    (sum, [{ image, isThere }]) => sum + (isThere ? 0 : image.sizeBytes),
    0,
  );
}

function showPlan({ output, settings }: Context, plan: Plan): void {
  const { data, text, document } = describePlan(plan, settings.file.prices, output);
  output.result(data, `${text}\n\n${document}\n\nnothing was changed (--dry-run)`);
}

/** Asks before a job that will probably fail, and before one for many things. @throws {FotaError} DECLINED */
async function confirmPlan({ output, settings }: Context, plan: Plan): Promise<void> {
  const { confirmAbove = CONFIRM_ABOVE_DEFAULT, prices } = settings.file;
  const { things, unknown } = plan.reach;
  if (plan.doubt !== undefined && !(await output.confirm(plan.doubt.question))) {
    throw new FotaError("DECLINED", "not retried; nothing was changed", {
      hint: "use --yes to continue without asking",
    });
  }
  if (things.length <= confirmAbove && unknown === undefined) return;
  output.note(`${describePlan(plan, prices, output).text}\n`);
  const count = unknown === undefined ? String(things.length) : "an unknown number of";
  if (await output.confirm(`publish to ${count} things?`)) return;
  throw new FotaError("DECLINED", "not published; nothing was changed", {
    hint: "use --yes to skip the question, or set confirmAbove in fota.config.json to ask only above that number of things",
  });
}

function describePlan(plan: Plan, prices: Prices | undefined, output: Output) {
  const { jobArn, document } = plan.existing ?? { jobArn: null, document: plan.document };
  const published = publishedOf(plan, jobArn, document);
  const summary = summaryOfPlan(plan, prices);
  return {
    data: { ...published, plan: summary },
    text: formatPlan(plan, published, summary.cost, output),
    document: formatDocument(published),
  };
}
