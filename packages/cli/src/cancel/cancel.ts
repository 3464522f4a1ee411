import { FotaError, isFotaError, isTerminal } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { cancelExecution, describeExecution, listExecutions, throwNoExecution } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { cancelJob, describeJob } from "../aws/jobs.js";
import { given } from "../given.js";
import type { CancelReason } from "./reason.js";
import type { Cancellation } from "./result.js";

/** Says what canceling would do, read before the user is asked. */
export interface CancelPlan {
  jobId: string;
  /** The one thing to cancel the job for; `undefined`: the whole job. */
  thing: string | undefined;
  force: boolean;
  /** True if there is nothing left to do. */
  done: boolean;
  /** True if the job is CANCELED but things are still in progress: AWS cancels a job only once. */
  stragglers: boolean;
  queued: number;
  inProgress: number;
}

/** Plans a cancellation. @throws {FotaError} JOB_NOT_FOUND, JOB_ENDED, THING_NOT_FOUND, EXECUTION_STATE */
export async function planCancel(
  iot: Iot,
  jobId: string,
  { thing, force }: { thing: string | undefined; force: boolean },
): Promise<CancelPlan> {
  if (thing !== undefined) return await planOneThing(iot, jobId, thing, force);
  const { status, counts } = await describeJob(iot, jobId);
  const { queued, inProgress } = counts;
  if (status === "COMPLETED" || status === "DELETION_IN_PROGRESS") {
    throw new FotaError("JOB_ENDED", `job ${jobId} is ${status}: there is nothing to cancel`, {
      hint: { text: "run <command> to see how it ended", command: ["status", jobId] },
    });
  }
  const canceled = status === "CANCELED";
  const stragglers = canceled && force && inProgress > 0;
  return { jobId, thing, force, done: canceled && !stragglers, stragglers, queued, inProgress };
}

/** Executes the plan. Succeeds if another command cancels the job meanwhile. */
export async function executeCancel(
  iot: Iot,
  plan: CancelPlan,
  reason: CancelReason,
  progress: (text: string) => void,
): Promise<Cancellation> {
  const { jobId, thing, force, queued, inProgress } = plan;
  const outcome = {
    jobId,
    ...given({ thing }),
    changed: !plan.done,
    canceled: plan.done ? 0 : force ? queued + inProgress : queued,
    goingOn: force ? 0 : inProgress,
  };
  if (plan.done) return outcome;
  if (thing !== undefined) await cancelExecution(iot, jobId, thing, { force });
  else if (plan.stragglers) return { ...outcome, canceled: await cancelStragglers(iot, jobId, progress) };
  else await cancelWholeJob(iot, jobId, { force, ...reason });
  return outcome;
}

async function cancelWholeJob(
  iot: Iot,
  jobId: string,
  how: CancelReason & { force: boolean },
): Promise<void> {
  await cancelJob(iot, jobId, how).catch(async (error: unknown) => {
    if (!isFotaError(error, "JOB_ENDED")) throw error;
    if ((await describeJob(iot, jobId)).status !== "CANCELED") throw error;
  });
}

async function cancelStragglers(iot: Iot, jobId: string, progress: (text: string) => void): Promise<number> {
  const things: string[] = [];
  for await (const { thing } of listExecutions(iot, jobId, "IN_PROGRESS")) things.push(thing);
  let done = 0;
  const canceled = await mapAtOnce(things, REQUESTS_AT_ONCE, async (thing) => {
    progress(`canceling: ${done++} of ${things.length} things`);
    return await endedOrCanceled(iot, jobId, thing);
  });
  return canceled.filter((wasCanceled) => wasCanceled).length;
}

/** Cancels an execution; returns whether it did. The execution may have ended since the list was read. */
async function endedOrCanceled(iot: Iot, jobId: string, thing: string): Promise<boolean> {
  try {
    await cancelExecution(iot, jobId, thing, { force: true });
    return true;
  } catch (error) {
    const found = await describeExecution(iot, jobId, thing);
    if (found !== undefined && !isTerminal(found.status)) throw error;
    return false;
  }
}

async function planOneThing(iot: Iot, jobId: string, thing: string, force: boolean): Promise<CancelPlan> {
  const found = await describeExecution(iot, jobId, thing);
  if (found === undefined) {
    return await throwNoExecution(iot, await describeJob(iot, jobId), thing);
  }
  const { status } = found;
  if (status === "IN_PROGRESS" && !force) {
    throw new FotaError("EXECUTION_STATE", `${thing} has job ${jobId} in progress: only --force cancels it`, {
      hint: {
        text: "run <command>: the device stops and stays on its image",
        command: ["cancel", jobId, "--thing", thing, "--force"],
      },
    });
  }
  if (isTerminal(status) && status !== "CANCELED") {
    throw new FotaError("EXECUTION_STATE", `job ${jobId} has ended on ${thing}: ${status}`, {
      hint: { text: "run <command> to see it", command: ["status", jobId, "--thing", thing] },
    });
  }
  const queued = status === "QUEUED" ? 1 : 0;
  const inProgress = status === "IN_PROGRESS" ? 1 : 0;
  return { jobId, thing, force, done: status === "CANCELED", stragglers: false, queued, inProgress };
}
