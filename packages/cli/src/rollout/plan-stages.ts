import { FotaError, isFotaError, type JobDocument } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import type { Context } from "../context.js";
import { jobIdOf } from "../job/job-id.js";
import { type JobSources, type JobSpec, jobSpecOf, type PriorJob } from "../job/job-spec.js";
import { stageTags } from "../job/rollout-tags.js";
import { parseTargets } from "../job/targets.js";
import type { PatchPlan } from "../publish/patches.js";
import type { Plan, PlannedImage } from "../publish/plan.js";
import { planPublish } from "../publish/plan-publish.js";
import { preparePublish } from "../publish/prepare.js";
import { minutesToReach } from "../publish/rollout-time.js";
import { planRepublish, priorOf, readOldJob } from "../republish/plan-again.js";
import { proofOf } from "../republish/proof.js";
import { formatSeconds, formatTime } from "../terminal/format.js";
import type { RolloutPlan, Stage } from "./plan-file.js";
import type { StageState } from "./stages.js";

/** Holds a stage and the checked plan of its job. */
export interface PlannedStageJob {
  stage: Stage;
  plan: Plan;
}

/** Holds the images and values that the next stage takes over, of a job that exists or of one that is planned. */
interface Base {
  job: { jobId: string };
  document: JobDocument;
  images: [PlannedImage, ...PlannedImage[]];
  /** The patches of a job that is planned. */
  patches?: PatchPlan;
  prior: Omit<PriorJob, "rollout">;
}

/**
 * Plans the stages that have not started, and changes nothing. Each is planned as if the stage before it had just
 * ended, so that no later stage fails for something that can be known now. `scratch` returns a folder for patches, which
 * stays until the first stage has started.
 * @throws {FotaError} what planning a publish and a promotion throws; JOB_NOT_PROVEN for `from`; ORDER_EXPIRED
 */
export async function planStages(
  context: Context,
  cloud: Cloud,
  rollout: RolloutPlan,
  states: readonly StageState[],
  scratch: () => Promise<string>,
): Promise<PlannedStageJob[]> {
  const now = new Date();
  const last = [...states].reverse().find(({ started }) => started !== undefined);
  const planned: PlannedStageJob[] = [];
  let base = last === undefined ? undefined : await baseOfJob(cloud, last.stage.jobId, now);
  for (const { stage } of states.slice(last === undefined ? 0 : last.stage.number)) {
    const plan = await named(
      stage,
      base === undefined
        ? planFirst(context, cloud, rollout, now, scratch)
        : planNext(context, cloud, rollout, stage, base, now),
    );
    planned.push({ stage, plan });
    base ??= baseOfPlan(plan);
  }
  for (const each of planned) checkGate(each);
  checkExpiry(rollout, planned, now);
  return planned;
}

/** Names the stage in an error of its planning: several stages may have the same options. */
async function named({ name }: Stage, planning: Promise<Plan>): Promise<Plan> {
  try {
    return await planning;
  } catch (cause) {
    if (!isFotaError(cause)) throw cause;
    const { code, message, advice, hint } = cause;
    throw new FotaError(code, `stage ${name}: ${message}`, { hint: advice ?? hint, cause });
  }
}

/** Plans one stage, with the facts of now. @throws {FotaError} as `planStages` does */
export async function planStage(
  context: Context,
  cloud: Cloud,
  rollout: RolloutPlan,
  stage: Stage,
  scratch: () => Promise<string>,
): Promise<Plan> {
  const now = new Date();
  const before = rollout.stages[stage.number - 2];
  const planning =
    before === undefined
      ? planFirst(context, cloud, rollout, now, scratch)
      : baseOfJob(cloud, before.jobId, now).then((base) =>
          planNext(context, cloud, rollout, stage, base, now),
        );
  return await named(stage, planning);
}

async function planFirst(
  context: Context,
  cloud: Cloud,
  rollout: RolloutPlan,
  now: Date,
  scratch: () => Promise<string>,
): Promise<Plan> {
  const { source, stages, folder } = rollout;
  const [stage] = stages;
  if (source.kind === "job") {
    const old = await readOldJob(cloud, source.jobId, now);
    const { proven, text } = await proofOf(cloud.iot, old.job);
    if (proven) return await planNext(context, cloud, rollout, stage, { ...old, prior: priorOf(old) }, now);
    throw new FotaError("JOB_NOT_PROVEN", `job ${source.jobId} has not proven its image: ${text}`, {
      hint: "wait for it, or let a gate decide: put its image into `publish` in place of `from`",
    });
  }
  const inFolder = { ...context, host: { ...context.host, cwd: folder } };
  const prepared = await preparePublish(inFolder, { ...source.request, jobId: stage.jobId }, now);
  const spec = withStageTags(prepared.specs.spec, rollout, stage);
  return await planPublish({ ...prepared, specs: { ...prepared.specs, spec } }, cloud, now, {
    context,
    folder: scratch,
    progress: () => undefined,
  });
}

async function planNext(
  { host, settings }: Context,
  cloud: Cloud,
  rollout: RolloutPlan,
  stage: Stage,
  { prior, ...base }: Base,
  now: Date,
): Promise<Plan> {
  const sources: JobSources = { file: settings.file, env: host.env, now };
  const targets = parseTargets(stage.to, Number.POSITIVE_INFINITY);
  const options = { ...stage.options, jobId: stage.jobId };
  const spec = jobSpecOf(options, targets, sources, { ...prior, rollout: { abortOn: [], retries: [] } });
  return await planRepublish(base, withStageTags(spec, rollout, stage), cloud, now, jobIdOf);
}

function withStageTags(spec: JobSpec, { name, firmware, stages }: RolloutPlan, stage: Stage): JobSpec {
  const of = { rollout: name, stage: stage.name, number: stage.number, stages: stages.length };
  return { ...spec, tags: { ...spec.tags, ...stageTags({ of, firmware, stageKeys: stage.keys }) } };
}

async function baseOfJob(cloud: Cloud, jobId: string, now: Date): Promise<Base> {
  const old = await readOldJob(cloud, jobId, now);
  return { ...old, prior: priorOf(old) };
}

function baseOfPlan(plan: Plan): Base {
  const { jobId, spec, document, packages, patches } = plan;
  const [first, ...others] = plan.images;
  const { presign, description } = spec;
  const { bc_version: fwVersion, bc_model: model, bc_min: minVersion } = document;
  return {
    job: { jobId },
    document,
    images: [first, ...others],
    patches: { ...patches, warnings: [] },
    prior: { presign, description, fwVersion, model, minVersion, packageArns: packages.arns },
  };
}

/** Returns the shortest time from the start of a stage until the next one can start, in seconds. */
export function shortestSeconds({ stage, plan }: PlannedStageJob, now: Date): number {
  const { start } = plan.spec.schedule;
  const startsIn = start === undefined ? 0 : Math.max(0, (start.getTime() - now.getTime()) / 1000);
  const reaching = minutesToReach(plan.reach.things.length, plan.spec.rollout) * 60;
  return startsIn + (reaching * stage.gate.afterPercent) / 100 + stage.gate.soakSeconds;
}

/** Refuses a gate that can never open. @throws {FotaError} CONFIG_INVALID */
function checkGate({ stage, plan }: PlannedStageJob): void {
  const { reach, spec } = plan;
  const { minThings, timeoutSeconds, onTimeout } = stage.gate;
  const never = (why: string, hint: string) =>
    new FotaError("CONFIG_INVALID", `the gate of stage ${stage.name} never opens: ${why}`, { hint });
  if (reach.unknown !== undefined || spec.continuous) return;
  const count = reach.things.length;
  if (minThings > count) {
    throw never(`minThings is ${minThings}, and the stage has ${count}`, "set a lower minThings");
  }
  const reachingSeconds = minutesToReach(count, spec.rollout) * 60;
  if (onTimeout === "judge" || reachingSeconds < timeoutSeconds) return;
  const takes = `reaching ${count} things takes ${formatSeconds(reachingSeconds)}`;
  throw never(
    `${takes}, and its timeout is ${formatSeconds(timeoutSeconds)}`,
    "set a longer timeout or a higher rate",
  );
}

/** Refuses a signed document that expires before the last stage can start. @throws {FotaError} ORDER_EXPIRED */
function checkExpiry(rollout: RolloutPlan, planned: readonly PlannedStageJob[], now: Date): void {
  const expiry = planned[0]?.plan.document.bc_exp;
  if (expiry === undefined) return;
  let seconds = 0;
  for (const each of planned) {
    if (now.getTime() / 1000 + seconds >= expiry) {
      throw new FotaError(
        "ORDER_EXPIRED",
        `stage ${each.stage.name} can start after ${formatSeconds(seconds)} at the earliest, and the document expires at ${formatTime(new Date(expiry * 1000).toISOString())}`,
        { hint: `give rollout ${rollout.name} shorter soak times, or sign with a later --valid-until` },
      );
    }
    seconds += shortestSeconds(each, now);
  }
}
