import { formatSkew, isSkewed } from "../aws/clock.js";
import { withCloud } from "../connect/with-cloud.js";
import type { Context } from "../context.js";
import { checkJobText, onJob } from "../find-job/on-job.js";
import { type PublishNeeds, publishNeeds } from "../image/publish-command.js";
import { fillPublishNeeds } from "../job/publish-needs.js";
import { parseTargets } from "../job/targets.js";
import { explain } from "./explain.js";
import type { Facts } from "./facts.js";
import { formatExplanation } from "./format.js";
import { readFacts } from "./read.js";
import { sayAt } from "./say.js";

/** Holds the options of `fota why`, as commander names them. */
export interface WhyOptions {
  thing?: string;
  utc?: boolean;
}

/** Runs `fota why`. @throws {FotaError} JOB_NOT_FOUND, and translated AWS errors */
export async function runWhy(context: Context, job: string, options: WhyOptions): Promise<void> {
  const { output } = context;
  checkJobText(job);
  const [target] = options.thing === undefined ? [] : parseTargets([options.thing], 1);
  // A thing may be called `group:x`; for an ARN, use the name in it.
  const thing = target?.arn === undefined ? options.thing : target.name;
  await withCloud(context, async (cloud) => {
    const { access } = cloud;
    const facts = await onJob(context, cloud.iot, job, (jobId) =>
      output.during(`looking into ${jobId}`, () => readFacts(cloud, jobId, thing)),
    );
    const ahead = access.clock.aheadSeconds();
    const skewed = isSkewed(ahead);
    const now = new Date(Date.now() - (skewed ? ahead * 1000 : 0));
    const clock = skewed ? formatSkew(ahead, { of: "AWS's" }) : undefined;
    if (clock !== undefined) output.warn(`${clock}; what follows goes by the clock of AWS`);
    const say = sayAt(now, {
      absolute: options.utc === true || output.json,
      fota: output.fota,
      access,
      clock,
      publish: publishNeedsOf(facts, context, cloud.s3.endpoint),
    });
    const explanation = explain(facts, thing, say);
    output.result(explanation, formatExplanation(explanation, output.paint, output.columns));
  });
}

function publishNeedsOf(
  { decoded }: Facts,
  { settings, host }: Context,
  s3Endpoint: string | undefined,
): PublishNeeds {
  const needs = publishNeeds({ file: settings.file, env: host.env });
  return decoded.kind === "order" ? fillPublishNeeds(needs, decoded.document, s3Endpoint) : needs;
}
