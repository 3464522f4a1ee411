import { withIot } from "../connect/with-iot.js";
import type { Context } from "../context.js";
import { checkJobText, onJob } from "../find-job/on-job.js";
import { askFirst } from "../terminal/ask-first.js";
import { executeCancel, planCancel } from "./cancel.js";
import { formatCancellation, questionOf } from "./format.js";
import { cancelReason } from "./reason.js";

/** Holds the options of `fota cancel`, as commander names them. */
export interface CancelOptions {
  thing?: string;
  force?: boolean;
  reason?: string;
  yes?: boolean;
}

/**
 * Runs `fota cancel`.
 * @throws {FotaError} JOB_NOT_FOUND, JOB_ENDED, THING_NOT_FOUND, EXECUTION_STATE, DECLINED and translated AWS errors
 */
export async function runCancel(context: Context, job: string, options: CancelOptions): Promise<void> {
  const { output } = context;
  const { thing, force = false, yes = false } = options;
  checkJobText(job);
  const reason = cancelReason(options.reason, thing);
  await withIot(context, async (iot) => {
    const read = (jobId: string) =>
      output.during(`reading job ${jobId}`, () => planCancel(iot, jobId, { thing, force }));
    const plan = await onJob(context, iot, job, read, { yes });
    if (!plan.done) await askFirst(output, questionOf(plan), yes);
    const outcome = await output.during(`canceling job ${plan.jobId}`, (progress) =>
      executeCancel(iot, plan, reason, progress),
    );
    output.result(outcome, formatCancellation(outcome, output));
  });
}
