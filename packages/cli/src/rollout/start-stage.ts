import { setTimeout as sleep } from "node:timers/promises";
import { isFotaError } from "@fota/shared";
import { checkSignersOfKeySets } from "../publish/check-key-sets.js";
import { executePlan } from "../publish/publish.js";
import { signPlan } from "../publish/signing.js";
import { byteCounter } from "../terminal/byte-counter.js";
import { type Advancing, titleOf } from "./advancing.js";
import type { Stage } from "./plan-file.js";
import { planStage } from "./plan-stages.js";
import { readStage, type StageState } from "./stages.js";

/** Limits how often a new job is read until AWS returns it with its tags. */
const NEW_JOB_TRIES = 8;
const NEW_JOB_DELAY_MS = 1_000;

/** Creates the job of a stage, or finds that another run has created it. */
export async function startStage(run: Advancing, stage: Stage): Promise<StageState> {
  const { context, cloud, plan } = run;
  const { output } = context;
  const title = titleOf(plan, stage);
  const planned =
    run.planned ??
    (await output.during(`${title}: checking`, () => planStage(context, cloud, plan, stage, run.scratch)));
  if (run.once && run.planned === undefined) {
    for (const { message } of planned.warnings) output.warn(`stage ${stage.name}: ${message}`);
  }
  run.planned = undefined;
  const signed = await signPlan(planned);
  if (signed.existing === undefined) await checkSignersOfKeySets(signed.document);
  const { created } = await output.during(`${title}: creating the job`, (progress) =>
    executePlan(signed, cloud, {
      onStep: (step) => progress(`${title}: ${step === "upload" ? "uploading" : "creating the job"}`),
      onBytes: byteCounter(progress, `${title}: uploading`),
    }),
  );
  output.note(`${title}: job ${stage.jobId} ${created ? "created" : "exists already"}`);
  return await readNewStage(run, stage);
}

/** Reads a job that was just created: AWS may need a moment until it returns the job and its tags. */
async function readNewStage({ context, cloud, plan }: Advancing, stage: Stage): Promise<StageState> {
  for (let tries = 1; ; tries += 1) {
    const state = await readStage(cloud.iot, plan, stage).catch((error: unknown) => {
      // Without its tags, it looks like another job.
      const isUntagged = isFotaError(error, "JOB_EXISTS") || isFotaError(error, "ROLLOUT_CHANGED");
      if (isUntagged && tries < NEW_JOB_TRIES) return undefined;
      throw error;
    });
    if (state?.started !== undefined || (state !== undefined && tries >= NEW_JOB_TRIES)) return state;
    await sleep(NEW_JOB_DELAY_MS, undefined, { signal: context.host.signal });
  }
}
