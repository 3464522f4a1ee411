import { withCloud } from "../connect/with-cloud.js";
import type { Context } from "../context.js";
import { checkJobText, onJob } from "../find-job/on-job.js";
import { parseTargets } from "../job/targets.js";
import { answer } from "./answer.js";
import { formatExplanation } from "./format.js";
import { readFacts } from "./read.js";

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
    const facts = await onJob(context, cloud.iot, job, (jobId) =>
      output.during(`looking into ${jobId}`, () => readFacts(cloud, jobId, thing)),
    );
    const explanation = answer(context, cloud, facts, {
      thing,
      absolute: options.utc === true || output.json,
    });
    output.result(explanation, formatExplanation(explanation, output.paint, output.columns));
  });
}
